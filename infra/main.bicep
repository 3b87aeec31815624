// An environment of Customer Insights Signals, whole, in one resource group. Deployed at the subscription:
// azd up, or az deployment sub create. docs/deploy.md tells both ways.
targetScope = 'subscription'

@description('Name of the environment, part of every resource name: letters, digits and dashes.')
@minLength(2)
@maxLength(24)
param environmentName string

@description('Azure region; one that has Flex Consumption.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Which sizes and protections are the defaults: dev is the cheapest, prod the safest. Chosen for good.')
@allowed(['dev', 'test', 'prod'])
param environmentType string = 'dev'

@description('Ids of the Customer Insights environments to watch. Those with a subscription are watched as well.')
param environmentIds array = []

@description('Whether each watched environment has a subscription key of its own; otherwise one key serves all.')
param subscriptionKeyPerEnvironment bool = false

@description('Whether the two app registrations are made here, with the Microsoft Graph extension.')
param createAppRegistrations bool = true

@description('Whether admin consent is granted here, too. The deployer then needs to be Privileged Role Administrator.')
param grantAdminConsent bool = false

@description('Redirect URIs of the connector: the general one, and one for each import of the connector.')
param connectorRedirectUris array = ['https://global.consent.azure-apim.net/redirect']

@description('Client id of the API registration; needed where createAppRegistrations is false.')
param entraClientId string = ''

@description('Application ID URI of the API registration; empty means api:// and its client id.')
param entraAppIdUri string = ''

@description('Client id of the connector registration; needed where createAppRegistrations is false.')
param connectorClientId string = ''

@description('Ids of the tenants whose tokens are taken, the own one first.')
@minLength(1)
param entraTenantIds array = [tenant().tenantId]

@description('Client ids of further apps that may call, such as a Logic App or the Azure CLI. The wall in front needs each by name.')
param callingApps array = []

@description('For applications that call: their client id without dashes, and the environments with commas, or *.')
param applicationEnvironments object = {}

@description('When polls start: six NCRONTAB fields, UTC.')
param pollSchedule string = '0 * * * * *'

@description('Distance in seconds of the two extra polls while a job runs; 0 for none.')
@minValue(0)
@maxValue(3600)
param fastPollSeconds int = 20

@description('Calls a second to one flow; 0 for no limit.')
@minValue(0)
@maxValue(3600)
param deliveryRatePerSecond int = 10

@description('A subscription whose flow is off ends after so many days.')
@minValue(0)
@maxValue(3600)
param suspendedDays int = 14

@description('Further app settings by name (docs/settings.md), such as CALLBACK_ALLOWED_HOSTS. Never a secret.')
param furtherSettings object = {}

@description('The address that callers see where a gateway stands in front; empty for the app itself.')
param publicBaseUrl string = ''

@description('URI of an older version of the secret callback-encryption-keys, while it is being replaced.')
param previousCallbackKeysUri string = ''

@description('Version of Python that runs the app; 3.14 only where the remote build knows it (docs/deploy.md).')
@allowed(['3.11', '3.12', '3.13', '3.14'])
param pythonVersion string = '3.13'

@description('Memory of one instance, MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('How many instances there are at most.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always ready, such as { name: \'http\', instanceCount: 1 }. They cost by the hour.')
param alwaysReady array = []

@description('Whether storage and secrets are reached by private endpoints only, through a virtual network.')
param privateNetwork bool = environmentType == 'prod'

@description('Address space of the virtual network, a /24.')
param networkAddressSpace string = '10.90.0.0/24'

@description('Whether plan and storage are spread over availability zones. Each group of functions then costs two instances.')
param zoneRedundant bool = false

@description('Mail addresses that alerts and the budget write to.')
param alertEmails array = []

@description('An alert says when a change was detected later than so many seconds after its end at the source.')
@minValue(60)
@maxValue(86400)
param detectionLagTargetSeconds int = 300

@description('Budget of the resource group a month, in the currency of the bill; 0 for none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the budget; empty for the first of this month. A budget keeps the one that it was made with.')
param budgetStart string = ''

@description('The first of this month: leave it alone.')
param thisMonth string = utcNow('yyyy-MM-01')

@description('Tags of every resource.')
param tags object = {}

var sizes = {
  dev: { retentionDays: 30, dailyQuotaGb: 1 }
  test: { retentionDays: 30, dailyQuotaGb: 2 }
  prod: { retentionDays: 90, dailyQuotaGb: 10 }
}
var size = sizes[environmentType]
var token = toLower(uniqueString(subscription().id, environmentName, location))
var plainName = toLower(replace(replace(environmentName, '_', '-'), '.', '-'))
var allTags = union(tags, { 'azd-env-name': environmentName, workload: 'customer-insights-signals' })
var hasBudget = monthlyBudget > 0 && !empty(alertEmails)
var budgetFrom = empty(budgetStart) ? thisMonth : budgetStart
var options = union(
  {
    POLL_SCHEDULE: pollSchedule
    FAST_POLL_SECONDS: string(fastPollSeconds)
    DELIVERY_RATE_PER_SECOND: string(deliveryRatePerSecond)
    SUSPENDED_DAYS: string(suspendedDays)
    PUBLIC_BASE_URL: publicBaseUrl
  },
  furtherSettings
)

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${plainName}-${token}'
    location: location
    tags: allTags
  }
}

// Read only where it was made: the compiler cannot know that (BCP318).
module entra 'modules/entra.bicep' = if (createAppRegistrations) {
  name: 'entra'
  scope: group
  params: {
    uniqueName: 'customer-insights-signals-${plainName}-${token}'
    displayName: 'Customer Insights Signals ${environmentName}'
    identityPrincipalId: identity.outputs.principalId
    connectorRedirectUris: connectorRedirectUris
    preAuthorizedApps: callingApps
    grantAdminConsent: grantAdminConsent
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: '${plainName}-${token}'
    location: location
    tags: allTags
    addressSpace: networkAddressSpace
    zoneRedundant: zoneRedundant
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    name: '${plainName}-${token}'
    location: location
    tags: allTags
    retentionDays: size.retentionDays
    dailyQuotaGb: size.dailyQuotaGb
    publisherPrincipalId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${take(replace(plainName, '-', ''), 9)}${token}'
    location: location
    tags: allTags
    zoneRedundant: zoneRedundant
    privateNetwork: privateNetwork
    userPrincipalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: allTags
    privateNetwork: privateNetwork
    readerPrincipalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module endpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'private-endpoints'
  scope: group
  params: {
    name: '${plainName}-${token}'
    location: location
    tags: allTags
    #disable-next-line BCP318
    networkId: network.outputs.networkId
    #disable-next-line BCP318
    subnetId: network.outputs.endpointSubnetId
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module app 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    name: 'func-${plainName}-${token}'
    planName: 'asp-${plainName}-${token}'
    location: location
    tags: allTags
    zoneRedundant: zoneRedundant
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobUri: storage.outputs.blobUri
    queueUri: storage.outputs.queueUri
    tableUri: storage.outputs.tableUri
    deploymentContainer: storage.outputs.deploymentContainer
    vaultUri: vault.outputs.uri
    previousCallbackKeysUri: previousCallbackKeysUri
    insightsName: monitoring.outputs.insightsName
    #disable-next-line BCP318
    subnetId: privateNetwork ? network.outputs.appSubnetId : ''
    environmentIds: environmentIds
    subscriptionKeyPerEnvironment: subscriptionKeyPerEnvironment
    tenantIds: entraTenantIds
    #disable-next-line BCP318
    clientId: createAppRegistrations ? entra.outputs.clientId : entraClientId
    #disable-next-line BCP318
    appIdUri: createAppRegistrations ? entra.outputs.appIdUri : empty(entraAppIdUri) ? 'api://${entraClientId}' : entraAppIdUri
    #disable-next-line BCP318
    connectorClientId: createAppRegistrations ? entra.outputs.connectorClientId : connectorClientId
    callingApps: callingApps
    applicationEnvironments: applicationEnvironments
    options: options
  }
  dependsOn: [
    endpoints // storage and secrets cannot be reached before
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    name: '${plainName}-${token}'
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    pollsExpected: !empty(environmentIds)
    detectionLagTargetSeconds: detectionLagTargetSeconds
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    displayName: 'Customer Insights Signals ${environmentName}'
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = if (hasBudget) {
  name: 'budget'
  scope: group
  params: {
    name: 'budget-${plainName}'
    amount: monthlyBudget
    startDate: budgetFrom
    emails: alertEmails
  }
}

// The names that ./dev connector build --from, scripts/ and azd read.
@description('Host that flows and people reach.')
output SIGNALS_HOST string = app.outputs.host
@description('Client id of the connector registration.')
#disable-next-line BCP318
output CONNECTOR_CLIENT_ID string = createAppRegistrations ? entra.outputs.connectorClientId : connectorClientId
@description('Application ID URI of the API registration.')
output ENTRA_APP_ID_URI string = app.outputs.appIdUri
@description('Client id of the API registration.')
#disable-next-line BCP318
output ENTRA_CLIENT_ID string = createAppRegistrations ? entra.outputs.clientId : entraClientId
@description('Tenant of the registrations.')
output ENTRA_TENANT_ID string = first(entraTenantIds)
@description('Resource group of everything.')
output AZURE_RESOURCE_GROUP string = group.name
@description('Name of the function app.')
output FUNCTION_APP_NAME string = app.outputs.name
@description('Name of the Key Vault.')
output KEY_VAULT_NAME string = vault.outputs.name
@description('Names of the secrets that the app settings refer to.')
output SECRET_NAMES array = app.outputs.secretNames
@description('Object id of the managed identity: it becomes a user of each Customer Insights environment.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
@description('Name of the managed identity.')
output IDENTITY_NAME string = identity.outputs.name
@description('Whether admin consent was granted by this deployment.')
output ADMIN_CONSENT_GRANTED bool = createAppRegistrations && grantAdminConsent
@description('How many people get the alerts by mail.')
output ALERT_RECEIVERS int = length(alertEmails)
@description('First day of the budget, to be given to the next deployment.')
output BUDGET_START string = hasBudget ? budgetFrom : budgetStart
