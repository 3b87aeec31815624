// What azd deploys: values of its environment (azd env set NAME value). Lists have commas between.
using './main.bicep'

var kind = readEnvironmentVariable('SIGNALS_ENVIRONMENT_TYPE', 'dev')
// The compiler takes no computed default for a variable that is not set.
var budget = readEnvironmentVariable('SIGNALS_MONTHLY_BUDGET', '')
var privately = readEnvironmentVariable('SIGNALS_PRIVATE_NETWORK', '')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'signals')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param environmentType = kind
param environmentIds = filter(split(readEnvironmentVariable('SIGNALS_ENVIRONMENTS', ''), ','), id => !empty(id))
param subscriptionKeyPerEnvironment = bool(readEnvironmentVariable('SIGNALS_KEY_PER_ENVIRONMENT', 'false'))
param createAppRegistrations = bool(readEnvironmentVariable('SIGNALS_CREATE_APP_REGISTRATIONS', 'true'))
param grantAdminConsent = bool(readEnvironmentVariable('SIGNALS_GRANT_ADMIN_CONSENT', 'false'))
param connectorRedirectUris = split(
  readEnvironmentVariable('SIGNALS_REDIRECT_URIS', 'https://global.consent.azure-apim.net/redirect'),
  ','
)
param entraClientId = readEnvironmentVariable('SIGNALS_API_CLIENT_ID', '')
param entraAppIdUri = readEnvironmentVariable('SIGNALS_API_URI', '')
param connectorClientId = readEnvironmentVariable('SIGNALS_CONNECTOR_CLIENT_ID', '')
param callingApps = filter(split(readEnvironmentVariable('SIGNALS_CALLING_APPS', ''), ','), id => !empty(id))
param applicationEnvironments = json(readEnvironmentVariable('SIGNALS_APPLICATION_ENVIRONMENTS', '{}'))
param furtherSettings = json(readEnvironmentVariable('SIGNALS_FURTHER_SETTINGS', '{}'))
param publicBaseUrl = readEnvironmentVariable('SIGNALS_PUBLIC_BASE_URL', '')
param previousCallbackKeysUri = readEnvironmentVariable('SIGNALS_PREVIOUS_KEYS_URI', '')
param privateNetwork = empty(privately) ? kind == 'prod' : privately == 'true'
param zoneRedundant = bool(readEnvironmentVariable('SIGNALS_ZONE_REDUNDANT', 'false'))
param alwaysReady = kind == 'prod' ? [{ name: 'http', instanceCount: 2 }] : []
param maximumInstanceCount = kind == 'prod' ? 100 : 40
param alertEmails = filter(split(readEnvironmentVariable('SIGNALS_ALERT_EMAILS', ''), ','), one => !empty(one))
param monthlyBudget = empty(budget) ? 0 : int(budget)
param budgetStart = readEnvironmentVariable('BUDGET_START', '')
