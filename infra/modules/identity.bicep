// The identity of the app: it reaches storage, secrets, telemetry and Customer Insights, and has no secret of its own.

@description('Name of the identity.')
param name string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id
@description('Name.')
output name string = identity.name
@description('Object id in Entra ID.')
output principalId string = identity.properties.principalId
@description('Client id in Entra ID.')
output clientId string = identity.properties.clientId
