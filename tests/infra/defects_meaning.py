"""How can what files say of Azure and of one another be broken? One change to the sample each, by rule."""

from local.infra import parameter_files, resource_types
from local.infra.checks import Rule
from local.infra.rules import conditions, hosts, modules, resources, secrets, start
from tests.infra.sample import APP_FILE as APP
from tests.infra.sample import GRAPH_FILE as GRAPH
from tests.infra.sample import MAIN_FILE as MAIN
from tests.infra.sample import NETWORK_FILE as NETWORK
from tests.infra.sample import PARAMETER_FILE as PARAMETERS

# A file, what is changed in it to what, and what is said of it.
CHANGED: dict[Rule, list[tuple[str, str, str, str]]] = {
    modules.paths: [
        (MAIN, "graph 'modules/graph.bicep'", "graph 'modules/grap.bicep'", "there is no module"),
        (MAIN, "graph 'modules/graph.bicep'", "graph 'modules\\\\graph.bicep'", "is not relative"),
        (MAIN, "graph 'modules/graph.bicep'", "graph 'br/public:avm/x:1.0.0'", "from a registry"),
    ],
    modules.circles_of_files: [
        (
            NETWORK,
            "output",
            "module again 'network.bicep' = { params: { name: name } }\n\noutput",
            "a module of itself",
        ),
    ],
    modules.parameters: [
        (MAIN, "    replicas: 2", "    replicas: '2'", "'replicas' is int and is given string"),
        (MAIN, "    replicas: 2", "    replicas: 0", "the value 0 of 'replicas' is less than 1"),
        (MAIN, "    replicas: 2\n", "    replicas: 2\n    replica: 3\n", "takes no 'replica'"),
        (MAIN, "tier: 'Basic'", "tier: 'Premium'", "'tier' may not be 'Premium'"),
        (MAIN, "tier: 'Basic'", "tier: withNetwork ? 'Basic' : 'Best'", "may not be 'Best'"),
        (MAIN, "{ uniqueName: environmentName, owner: owner }", "{ owner: owner }", "not given 'uniqueName'"),
        (
            MAIN,
            "  scope: group\n  params: { unique",
            "  scope: group\n  location: 'x'\n  params: { unique",
            "no 'location'",
        ),
    ],
    modules.outputs: [
        (MAIN, "= app.outputs.host", "= app.outputs.hosts", "no output 'hosts'. Did you mean 'host'?"),
        (MAIN, "= app.outputs.host", "= app.properties.host", "has no 'properties'"),
        (MAIN, "each[0].outputs.subnetId", "each[0].outputs.subnet", "has no output 'subnet'"),
    ],
    modules.whole_loops: [
        (APP, "copies[place].id", "copies.id", "'copies' is many and is read as one"),
    ],
    resources.scopes_of_modules: [
        (MAIN, "  name: 'app'\n  scope: group\n", "  name: 'app'\n", "is given a subscription"),
        (MAIN, "scope: resourceGroup(group.name)", "scope: subscription()", "is for a resourceGroup"),
        (GRAPH, "param uniq", "targetScope = 'tenant'\nparam uniq", "is for a tenant"),
    ],
    start.known_late: [
        (MAIN, "name: 'budget'", "name: app.outputs.host", "depends on app.outputs"),
        (MAIN, "name: 'budget'", "name: vault.properties.vaultUri", "depends on vault.properties"),
        (MAIN, "name: 'budget'", "name: group['location']", "depends on group.location"),
        (MAIN, "in names: if", "in app.outputs.ids: if", "what the loop goes over"),
        (MAIN, "if (!empty(token))", "if (token == app.outputs.host)", "the condition of 'budget'"),
        (MAIN, "resourceGroup(group.name)", "resourceGroup(app.outputs.host)", "the scope of 'each'"),
        (APP, "range(0, replicas): copies", "old.properties.ids: copies", "depends on old.properties"),
        (APP, "name: 'copy${place}'", "name: 'copy${place}${first(old.listKeys())}'", "listKeys()"),
        (MAIN, "'n${place}${number}'", "'n${place}${number}${vault.properties.x}'", "what is in the loop"),
    ],
    start.defaults_of_parameters: [
        (MAIN, "param subnets array = []", "param subnets array = names", "on 'names'"),
    ],
    start.run_time_functions: [
        (MAIN, "param subnets array = []", "param subnets array = listKeys('a', 'b')", "listKeys()"),
    ],
    resources.target_scopes: [
        (NETWORK, "param", "targetScope = 'group'\nparam", "cannot be 'group'"),
    ],
    resources.kinds_of_resources: [
        (APP, "'Test.Storage/accounts/services@2024-01-01' = {", "'Test.Storage/accounts/services' = {", "is no type"),
        (APP, "  name: 'lock'\n", "", "'lock' has no name"),
    ],
    resources.waited_for: [
        (APP, "dependsOn: [account::service]", "dependsOn: [account::service, account.id]", "is no resource or module"),
        (MAIN, "    graph\n  ]", "    graph\n    'network'\n  ]", "is no resource or module"),
    ],
    hosts.written_out: [
        (
            GRAPH,
            "'https://issuer'",
            "'https://login.microsoftonline.com/x'",
            "'login.microsoftonline.com' is written out",
        ),
        (APP, "notes: old.id", "notes: 'https://${old.name}.blob.core.windows.net'", "'core.windows.net'"),
    ],
    resources.existing: [
        (APP, "name: '${name}/old'", "name: '${name}/old'\n  tags: {}", "is given 'tags'"),
    ],
    resources.scopes_of_resources: [
        (MAIN, "'Microsoft.Consumption/budgets@", "'Test.Storage/accounts@", "cannot be deployed to a sub"),
        (APP, "'Microsoft.Authorization/locks@2020-05-01'", "'Test.Storage/accounts@2024-01-01'", "laid on"),
        (MAIN, "  name: 'budget'\n", "  name: 'budget'\n  scope: group\n", "another scope (resourceGroup)"),
    ],
    resources.parents: [
        (APP, "parent: account", "parent: old", "is no Test.Storage/accounts"),
        (APP, "parent: account", "parent: name", "the parent of 'queues' is no resource"),
        (APP, "name: 'queues'", "name: 'st/queues'", "has '/' in it and the resource has a parent"),
        (APP, "name: '${name}/old'", "name: 'old'", "0 times '/' and its type asks for 1"),
        (NETWORK, "name: 'vnet${name}'", "name: 'vnet/${name}'", "1 times '/' and its type asks for 0"),
    ],
    resources.children: [
        (APP, "account::service.name", "account::servic.name", "no resource 'servic' nested"),
    ],
    resources.names_in_loops: [
        (APP, "name: 'copy${place}'", "name: 'copy'", "made many times under one name"),
    ],
    resources.same_names: [
        (MAIN, "  name: 'network'\n", "  name: 'app'\n", "has the name of"),
    ],
    resources.extensions: [
        (GRAPH, "extension microsoftGraphV1", "extension microsoftGraph", "no extension 'microsoftGraph'"),
        (GRAPH, "extension microsoftGraphV1\n", "", "names no extension"),
    ],
    conditions.read_without_being_there: [
        (MAIN, "network.?outputs.subnetId ?? ''", "network.outputs.subnetId", "may not be"),
        (MAIN, "subnetId: withNetwork ?", "subnetId: !withNetwork ?", "may not be there"),
        (MAIN, "subnetId: withNetwork ?", "subnetId: kind == 'prod' ?", "'network' is read"),
    ],
    secrets.in_outputs: [
        (MAIN, "@secure()\noutput secret", "output secret", "holds a secret (password)"),
        (APP, "= account.properties.host", "= account.listKeys().keys[0].value", "(listKeys())"),
        (MAIN, "var chosen = kind == 'prod'", "var chosen = password == 'prod'", "'more' holds a secret"),
    ],
    secrets.given_to_modules: [
        (APP, "@secure()\nparam password", "param password", "secret (password) as 'password'"),
        (APP, "@secure()\nparam key", "param key", "secret (getSecret()) as 'key'"),
    ],
    secrets.defaults: [
        (MAIN, "param password string", "param password string = 'changeit'", "has a default"),
    ],
    secrets.where_secrets_of_a_vault_stand: [
        (MAIN, "vault.getSecret('key')", "'${vault.getSecret('key')}'", "elsewhere"),
    ],
    parameter_files.as_written: [
        (PARAMETERS, "param environmentName = plain", "param environmentName = plane", "'plane'"),
        (PARAMETERS, "split('a,b', ',')", "split('a,b')", "given 1 arguments"),
        (PARAMETERS, "split('a,b', ',')", "resourceId('a', 'b')", "no function 'resourceId'"),
        (PARAMETERS, "param kind", "var left = 1\nparam kind", "nothing uses 'left'"),
        (PARAMETERS, "empty(plain) ||", "plain ||", "bool is wanted and this is string"),
    ],
    parameter_files.against_bicep: [
        (PARAMETERS, "using 'main.bicep'", "using 'mine.bicep'", "which is not there"),
        (PARAMETERS, "using 'main.bicep'\n", "", "does not say what it is for"),
        (PARAMETERS, "param environmentName = plain\n", "param owner = plain\n", "is not given"),
        (PARAMETERS, "param kind = 'dev'", "param kinds = 'dev'", "no parameter 'kinds'"),
        (PARAMETERS, "param kind = 'dev'", "param kind = 'div'", "may not be 'div'"),
        (PARAMETERS, "int(readEnvironmentVariable('COUNT', '3'))", "'3'", "is int and is given string"),
        (PARAMETERS, "'COUNT', '3'", "'COUNT', '30'", "not from 1 to 9"),
    ],
    parameter_files.environment_variables: [
        (PARAMETERS, "'PASSWORD', ''", "'PASSWORD', '${plain}x'", "is computed"),
    ],
    resource_types.graph_types: [
        (GRAPH, "requestedAccessTokenVersion", "accessTokenVersion", "no property"),
        (GRAPH, "audiences: ['api://audience']", "audiences: 'api://audience'", "array is wanted"),
        (GRAPH, "    issuer: 'https://issuer'\n", "", "'issuer' is missing"),
        (GRAPH, "  api: {", "  appId: 'x'\n  api: {", "it can only be read"),
        (GRAPH, "= api.appId", "= api.applicationId", "has no 'applicationId'"),
        (GRAPH, "/applications@v1.0", "/applications@v2.0", "no type 'Microsoft.Graph/applications@v2.0'"),
    ],
}
