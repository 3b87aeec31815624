// The virtual network: a subnet for the app's outgoing calls, one for private endpoints, and one address to the outside.

@description('Name of the environment with its token, behind the abbreviations.')
param name string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Address space, a /24.')
param addressSpace string
@description('Whether the public address is spread over availability zones.')
param zoneRedundant bool

var appSubnet = 'snet-app'
var endpointSubnet = 'snet-endpoints'

resource address 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: 'pip-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  zones: zoneRedundant ? ['1', '2', '3'] : []
  properties: { publicIPAllocationMethod: 'Static' }
}

resource gateway 'Microsoft.Network/natGateways@2024-05-01' = {
  name: 'ng-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: address.id }] }
}

// Nothing from outside comes in; the rules that every group has let the network talk to itself.
resource appGroup 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-app-${name}'
  location: location
  tags: tags
}

resource endpointGroup 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-endpoints-${name}'
  location: location
  tags: tags
}

// The subnets stand inside: a network that is deployed without them could lose them.
resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-${name}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    subnets: [
      {
        name: appSubnet
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 0)
          natGateway: { id: gateway.id }
          networkSecurityGroup: { id: appGroup.id }
          defaultOutboundAccess: false
          // Flex Consumption joins subnets that are delegated to Container Apps environments.
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: endpointSubnet
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 27, 2)
          networkSecurityGroup: { id: endpointGroup.id }
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

@description('Resource id of the network.')
output networkId string = network.id
@description('Subnet that the app joins.')
output appSubnetId string = '${network.id}/subnets/${appSubnet}'
@description('Subnet of the private endpoints.')
output endpointSubnetId string = '${network.id}/subnets/${endpointSubnet}'
