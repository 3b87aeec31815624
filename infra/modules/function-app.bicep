// The app on Flex Consumption: its settings without a secret, and a wall in front that knows tokens, too.

@description('Name of the function app.')
param name string
@description('Name of the plan.')
param planName string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Whether the plan is spread over availability zones.')
param zoneRedundant bool
@description('Version of Python that runs the app.')
param pythonVersion string
@description('Memory of one instance, MB.')
param instanceMemoryMB int
@description('How many instances there are at most.')
param maximumInstanceCount int
@description('Instances that are always ready: name and instanceCount.')
param alwaysReady array
@description('Resource id of the identity.')
param identityId string
@description('Client id of the identity.')
param identityClientId string
@description('Address of the blobs.')
param blobUri string
@description('Address of the queues.')
param queueUri string
@description('Address of the tables.')
param tableUri string
@description('Container that the code is deployed to.')
param deploymentContainer string
@description('Address of the Key Vault, with a slash at its end.')
param vaultUri string
@description('URI of an older version of the secret callback-encryption-keys; empty for none.')
param previousCallbackKeysUri string
@description('Name of Application Insights.')
param insightsName string
@description('Subnet that the app joins; empty for none.')
param subnetId string
@description('Ids of the Customer Insights environments to watch.')
param environmentIds array
@description('Whether each of them has a subscription key of its own.')
param subscriptionKeyPerEnvironment bool
@description('Ids of the tenants whose tokens are taken, the own one first.')
param tenantIds array
@description('Client id of the API registration.')
param clientId string
@description('Application ID URI of the API registration.')
param appIdUri string
@description('Client id of the connector registration; empty for none.')
param connectorClientId string
@description('Client ids of further apps that may call.')
param callingApps array
@description('Environments of applications, by client id without dashes.')
param applicationEnvironments object
@description('Further app settings by name.')
param options object

var plainIds = map(environmentIds, id => toLower(replace(id, '-', '')))
// A wall that lets every app in would be none, so that * is not taken here.
var callers = filter(union([connectorClientId, clientId], callingApps), id => !empty(id) && id != '*')
var callbackKeysSecret = 'callback-encryption-keys'
var subscriptionKeySecret = 'customer-insights-subscription-key'
// A key for all of them serves environments that only have a subscription, too.
var keySecrets = subscriptionKeyPerEnvironment
  ? toObject(plainIds, id => 'CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__${id}', id => '${subscriptionKeySecret}-${id}')
  : { CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY: subscriptionKeySecret }
var keySettings = mapValues(keySecrets, secret => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${secret})')
var previousKeysSettings = empty(previousCallbackKeysUri)
  ? {}
  : { CALLBACK_ENCRYPTION_KEYS_PREVIOUS: '@Microsoft.KeyVault(SecretUri=${previousCallbackKeysUri})' }
var applicationSettings = toObject(
  items(applicationEnvironments),
  one => 'APPLICATION_ENVIRONMENTS__${one.key}',
  one => one.value
)
var identitySettings = {
  AzureWebJobsStorage__blobServiceUri: blobUri
  AzureWebJobsStorage__queueServiceUri: queueUri
  AzureWebJobsStorage__tableServiceUri: tableUri
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AZURE_CLIENT_ID: identityClientId
}
var telemetrySettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}
var ownSettings = {
  ENVIRONMENTS: join(environmentIds, ',')
  CALLBACK_ENCRYPTION_KEYS: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${callbackKeysSecret})'
  ENTRA_TENANT_IDS: join(tenantIds, ',')
  ENTRA_CLIENT_ID: clientId
  ENTRA_APP_ID_URI: appIdUri
  CALLING_APPS: join(callers, ',')
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: join(tenantIds, ',')
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'signals' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled' // flows and the connector call from outside
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Flex Consumption has no FTP, sends all its calls through the subnet, and refuses to be told so.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      runtime: { name: 'python', version: pythonVersion }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobUri}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(
    options,
    identitySettings,
    telemetrySettings,
    ownSettings,
    keySettings,
    previousKeysSettings,
    applicationSettings
  )
}

// The app checks every token itself; this wall turns away what has none before it costs anything.
resource authentication 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/health/live']
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${length(tenantIds) == 1 ? tenantIds[0] : 'organizations'}/v2.0'
          clientId: clientId
        }
        validation: {
          allowedAudiences: [clientId, appIdUri]
          defaultAuthorizationPolicy: { allowedApplications: callers }
        }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
  dependsOn: [
    settings // each change of the configuration restarts the app
  ]
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
  dependsOn: [authentication]
}

resource deployPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
  dependsOn: [ftpPassword]
}

@description('Name of the app.')
output name string = app.name
@description('Its host.')
output host string = app.properties.defaultHostName
@description('Application ID URI whose tokens it takes.')
output appIdUri string = appIdUri
@description('Names of the secrets that its settings refer to.')
output secretNames array = union([callbackKeysSecret], map(items(keySecrets), one => one.value))
