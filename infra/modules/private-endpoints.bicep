// The private ways to storage and secrets, with the names that lead there.

@description('Name of the environment with its token, behind the abbreviations.')
param name string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Resource id of the virtual network.')
param networkId string
@description('Resource id of the subnet of the private endpoints.')
param subnetId string
@description('Resource id of the storage account.')
param storageId string
@description('Resource id of the Key Vault.')
param vaultId string

var vaultSuffix = replace(environment().suffixes.keyvaultDns, '.vault.', 'vaultcore.')
var targets = [
  { service: 'blob', resourceId: storageId, zone: 'privatelink.blob.${environment().suffixes.storage}' }
  { service: 'queue', resourceId: storageId, zone: 'privatelink.queue.${environment().suffixes.storage}' }
  { service: 'table', resourceId: storageId, zone: 'privatelink.table.${environment().suffixes.storage}' }
  { service: 'vault', resourceId: vaultId, zone: 'privatelink.${vaultSuffix}' }
]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [for target in targets: {
  name: target.zone
  location: 'global'
  tags: tags
}]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (target, place) in targets: {
  parent: zone[place]
  name: 'to-network'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: networkId }
  }
}]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = [for target in targets: {
  name: 'pep-${target.service}-${name}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: target.service
        properties: {
          privateLinkServiceId: target.resourceId
          groupIds: [target.service]
        }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (target, place) in targets: {
  parent: endpoint[place]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [{ name: target.service, properties: { privateDnsZoneId: zone[place].id } }]
  }
}]
