// Who is who in Entra ID: the API, its client (the connector), and what both may ask of whom. No secret:
// the managed identity proves the API. The connector's secret is made by hand: Power Platform needs one.
extension microsoftGraphV1

@description('Name by which the registrations are found again, unique in the tenant.')
param uniqueName string
@description('Name that people see.')
param displayName string
@description('Object id of the managed identity.')
param identityPrincipalId string
@description('Redirect URIs of the connector.')
param connectorRedirectUris array
@description('Client ids of further apps that people use and need not consent to.')
param preAuthorizedApps array
@description('Whether admin consent is granted.')
param grantAdminConsent bool

// Facts of the platform: the app ids of its own services.
var customerInsightsApp = '0bfc4568-a4ba-4c58-bd3e-5d3e76bd7fff'
var azureStorageApp = 'e406a681-f3d4-42a8-90b6-c2b029497af1'
var apiConnectionsApp = 'fe053c5f-3692-4f14-aef2-ee34fc081cae'
var userImpersonation = 'user_impersonation'
var scopes = [
  { value: 'Insights.Read', title: 'Read Customer Insights', text: 'Read Customer Insights as the signed-in user.' }
  { value: 'Insights.Write', title: 'Change Customer Insights', text: 'Change Customer Insights as the signed-in user.' }
  { value: 'Triggers.Manage', title: 'Subscribe to events', text: 'Subscribe to events as the signed-in user.' }
]
var roles = [
  { value: 'Insights.Read', title: 'Read', text: 'Read Customer Insights.', members: ['Application'] }
  { value: 'Insights.Write', title: 'Write', text: 'Change Customer Insights.', members: ['Application'] }
  { value: 'Triggers.Manage', title: 'Subscribe', text: 'Subscribe to events.', members: ['Application'] }
  { value: 'Insights.Admin', title: 'Administer', text: 'Run Customer Insights Signals.', members: ['User', 'Application'] }
]
var scopeIds = map(scopes, scope => guid(uniqueName, 'scope', scope.value))
var trusted = union([apiConnectionsApp, connector.appId], filter(preAuthorizedApps, id => id != '*'))
// With the tenant's id in it, it needs no verified domain.
var appIdUri = 'api://${tenant().tenantId}/${uniqueName}'
var federatedAudience = 'api://AzureADTokenExchange'

resource customerInsights 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: customerInsightsApp
}

resource azureStorage 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: azureStorageApp
}

resource connector 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: '${uniqueName}-connector'
  displayName: '${displayName} connector'
  signInAudience: 'AzureADMyOrg'
  web: { redirectUris: connectorRedirectUris }
}

resource connectorPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: connector.appId
}

resource api 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: 'AzureADMyOrg'
  identifierUris: [appIdUri]
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [for (scope, place) in scopes: {
      id: scopeIds[place]
      value: scope.value
      type: 'User'
      isEnabled: true
      adminConsentDisplayName: scope.title
      adminConsentDescription: scope.text
      userConsentDisplayName: scope.title
      userConsentDescription: scope.text
    }]
    preAuthorizedApplications: map(trusted, id => { appId: id, delegatedPermissionIds: scopeIds })
  }
  appRoles: [for role in roles: {
    id: guid(uniqueName, 'role', role.value)
    value: role.value
    displayName: role.title
    description: role.text
    allowedMemberTypes: role.members
    isEnabled: true
  }]
  optionalClaims: { accessToken: [{ name: 'idtyp' }] }
  requiredResourceAccess: [
    {
      resourceAppId: customerInsightsApp
      resourceAccess: [
        {
          type: 'Scope'
          id: filter(customerInsights.oauth2PermissionScopes, scope => scope.value == userImpersonation)[0].id
        }
      ]
    }
    {
      resourceAppId: azureStorageApp
      resourceAccess: [
        {
          type: 'Scope'
          id: filter(azureStorage.oauth2PermissionScopes, scope => scope.value == userImpersonation)[0].id
        }
      ]
    }
  ]

  resource proof 'federatedIdentityCredentials@v1.0' = {
    name: '${api.uniqueName}/managed-identity'
    description: 'The app proves itself with its managed identity.'
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: identityPrincipalId
    audiences: [federatedAudience]
  }
}

resource apiPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: api.appId
}

// From here on it is admin consent.
resource polling 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (grantAdminConsent) {
  appRoleId: filter(customerInsights.appRoles, role => role.value == 'api.access')[0].id
  principalId: identityPrincipalId
  resourceId: customerInsights.id
}

resource actingForUsers 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = if (grantAdminConsent) {
  clientId: apiPrincipal.id
  resourceId: customerInsights.id
  consentType: 'AllPrincipals'
  scope: userImpersonation
}

resource readingPartitions 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = if (grantAdminConsent) {
  clientId: apiPrincipal.id
  resourceId: azureStorage.id
  consentType: 'AllPrincipals'
  scope: userImpersonation
}

resource connecting 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = if (grantAdminConsent) {
  clientId: connectorPrincipal.id
  resourceId: apiPrincipal.id
  consentType: 'AllPrincipals'
  scope: join(map(scopes, scope => scope.value), ' ')
}

@description('Client id of the API.')
output clientId string = api.appId
@description('Application ID URI of the API.')
output appIdUri string = appIdUri
@description('Client id of the connector.')
output connectorClientId string = connector.appId
