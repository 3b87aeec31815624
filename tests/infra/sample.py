"""A small infrastructure in which nothing is wrong, with every construct that the checks look at."""

from dataclasses import dataclass, field
from pathlib import Path

MAIN_FILE, PARAMETER_FILE = "main.bicep", "main.bicepparam"
APP_FILE, NETWORK_FILE, GRAPH_FILE = "modules/app.bicep", "modules/network.bicep", "modules/graph.bicep"
MAIN = """targetScope = 'subscription'

@description('Name of the environment.')
@minLength(2)
@maxLength(12)
param environmentName string
@description('Region.')
param location string = deployment().location
@allowed(['dev', 'prod'])
param kind string = 'dev'
param size small | large = 'S'
param owner string?
param withNetwork bool = kind == 'prod'
param subnets array = []
@minValue(1)
@maxValue(9)
param count int = 2
@secure()
param password string
@secure()
param token string = newGuid()
param firstDay string = utcNow('yyyy-MM-01')
param labels labelled = { team: 'data' }

type small = 'S'
type large = 'L' | 'XL'
@description('What is written on resources.')
type labelled = {
  @description('Who.')
  team: string
  cost: int?
  *: string
}

@description('A name with its abbreviation.')
func named(short string, name string) string => '${short}-${toLower(name)}'

var sizes = loadJsonContent('sizes.json')
var tags = union({ environment: environmentName, kind: kind, since: firstDay }, labels)
var names = [for (number, place) in range(0, count): 'n${place}${number}']
var long = concat(map(names, name => '${name}!'), filter(subnets, (subnet, place) => !empty(subnet) && place < 4))
var chosen = kind == 'prod'
  ? { size: size, people: long }
  : { size: sizes[?kind] ?? 'S', people: [] }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: named('rg', environmentName)
  location: location
  tags: tags
}

resource vaultGroup 'Microsoft.Resources/resourceGroups@2024-11-01' existing = {
  name: 'rg-vault'
}

resource vault 'Microsoft.KeyVault/vaults@2024-01-01' existing = {
  name: 'kv-shared'
  scope: vaultGroup
}

module network 'modules/network.bicep' = if (withNetwork) {
  name: 'network'
  scope: group
  params: {
    name: environmentName
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: environmentName
    tier: 'Basic'
    replicas: 2
    subnetId: withNetwork ? network.outputs.subnetId : ''
    password: password
    key: vault.getSecret('key')
    ...{ labels: tags }
  }
  dependsOn: [
    graph
  ]
}

module each 'modules/network.bicep' = [for (name, place) in names: if (kind == 'prod') {
  name: 'each-${place}'
  scope: resourceGroup(group.name)
  params: { name: name }
}]

module graph 'modules/graph.bicep' = {
  scope: group
  params: { uniqueName: environmentName, owner: owner }
}

resource budget 'Microsoft.Consumption/budgets@2024-01-01' = if (!empty(token)) {
  name: 'budget'
  properties: { amount: count * 10 }
}

@description('Host.')
output host string = app.outputs.host
output network string = withNetwork ? network.outputs.subnetId : ''
output safeNetwork string = network.?outputs.subnetId ?? ''
output first string = kind == 'prod' ? each[0].outputs.subnetId : 'none'
output all array = [for place in range(0, count): network.name]
output more object = { chosen: chosen, first: first(long) }
@secure()
output secret string = password
"""

APP = """@minLength(2)
param name string
@allowed(['Basic', 'Standard'])
param tier string
@minValue(1)
param replicas int
param subnetId string
@secure()
param password string
@secure()
param key string
param labels object = {}
param location string = resourceGroup().location

var endpoints = ['blob', 'queue']

resource account 'Test.Storage/accounts@2024-01-01' = {
  name: take('st${replace(name, '-', '')}', 24)
  location: location
  tags: labels
  sku: { name: 'Basic' }
  properties: {
    tier: tier
    open: false
    capacity: 10
    hosts: [for endpoint in endpoints: { name: endpoint }]
    password: password
    key: key
    subnet: empty(subnetId) ? null : subnetId
    encryption: replicas > 1 ? { type: 'own', keyName: 'k' } : { type: 'platform' }
  }

  resource service 'services' = {
    name: 'default'

    resource container 'containers' = [for endpoint in endpoints: {
      name: '${endpoint}-${account.name}'
      properties: union({ open: false }, { kind: 'x' })
    }]
  }
}

resource queues 'Test.Storage/accounts/services@2024-01-01' = {
  parent: account
  name: 'queues'
  dependsOn: [account::service]
}

resource old 'Test.Storage/accounts/services@2024-01-01' existing = {
  name: '${name}/old'
}

@batchSize(2)
resource copies 'Test.Storage/accounts@2024-01-01' = [for place in range(0, replicas): {
  name: 'copy${place}'
  location: location
  sku: { name: 'Basic' }
}]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: copies[0]
  name: 'lock'
  properties: { level: 'CanNotDelete', notes: old.id }
}

output host string = account.properties.host
output child string = account::service.name
output ids array = [for place in range(0, replicas): copies[place].id]
output queue string = az.resourceId('Test.Storage/accounts/services', name, queues.name)
"""

NETWORK = """param name string

resource network 'Test.Storage/accounts@2024-01-01' = {
  name: 'vnet${name}'
  location: resourceGroup().location
  sku: { name: 'Standard' }
}

output subnetId string = '${network.id}/subnets/app'
"""

GRAPH = """extension microsoftGraphV1

param uniqueName string
param owner string?

resource api 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: owner ?? 'nobody'
  api: { requestedAccessTokenVersion: 2 }

  resource proof 'federatedIdentityCredentials@v1.0' = {
    name: '${api.uniqueName}/proof'
    issuer: 'https://issuer'
    subject: uniqueName
    audiences: ['api://audience']
  }
}

output clientId string = api.appId
"""

PARAMETERS = """using 'main.bicep'

var plain = readEnvironmentVariable('NAME', 'sample')

param environmentName = plain
param kind = 'dev'
param count = int(readEnvironmentVariable('COUNT', '3'))
param withNetwork = empty(plain) || bool(readEnvironmentVariable('NETWORK', 'true'))
param subnets = split('a,b', ',')
param labels = { team: 'data' }
param password = readEnvironmentVariable('PASSWORD', '')
"""

FILES = {
    "main.bicep": MAIN,
    "modules/app.bicep": APP,
    "modules/network.bicep": NETWORK,
    "modules/graph.bicep": GRAPH,
    "main.bicepparam": PARAMETERS,
    "bicepconfig.json": '{ "extensions": { "microsoftGraphV1": "br:x/graph:1.0.0" } } // pinned\n',
    "sizes.json": '{ "dev": "S" }',
}


@dataclass
class Sample:
    """The files, which a test may change before they are written."""

    files: dict[str, str] = field(default_factory=lambda: dict(FILES))

    def change(self, file: str, old: str, new: str) -> None:
        """Replace what is there exactly once."""
        assert self.files[file].count(old) == 1, f"{old!r} is there {self.files[file].count(old)} times"
        self.files[file] = self.files[file].replace(old, new)

    def write(self, folder: Path) -> Path:
        """Put the files into a folder."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder
