// The storage account of app and host: by identity only, with everything that the code expects to be there.

@description('Name of the account: 3 to 24 lower case letters and digits.')
@minLength(3)
@maxLength(24)
param name string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Whether the data is spread over availability zones.')
param zoneRedundant bool
@description('Whether only private endpoints lead here.')
param privateNetwork bool
@description('Object id of the identity that uses the account.')
param userPrincipalId string
@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var deploymentContainer = 'deployments'
var containers = ['checkpoints', 'claims', deploymentContainer]
var tables = ['environments', 'subscriptions', 'subscriptionkeys', 'events', 'deadletters']
var workQueues = [
  'environment-polls'
  'refresh-events'
  'unification-events'
  'threshold-events'
  'operational-events'
  'deliveries'
  'redeliveries'
]
var queues = concat(workQueues, map(workQueues, each => '${each}-poison'))
// The host keeps its locks and timers in containers of its own making, so it owns the account's blobs.
var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: privateNetwork ? 'None' : 'AzureServices'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [for each in containers: {
  parent: blobs
  name: each
  properties: { publicAccess: 'None' }
}]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [for each in queues: {
  parent: queueService
  name: each
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [for each in tables: {
  parent: tableService
  name: each
}]

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in items(roles): {
  scope: account
  name: guid(account.id, userPrincipalId, role.value)
  properties: {
    principalId: userPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
  }
}]

// When code or a checkpoint was replaced or a row deleted, and by which identity (of code: the app's). Not queues: a line
// for each look would cost more than the app.
resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}

@description('Resource id.')
output id string = account.id
@description('Address of the blobs.')
output blobUri string = account.properties.primaryEndpoints.blob
@description('Address of the queues.')
output queueUri string = account.properties.primaryEndpoints.queue
@description('Address of the tables.')
output tableUri string = account.properties.primaryEndpoints.table
@description('Container that the code is deployed to.')
output deploymentContainer string = deploymentContainer
