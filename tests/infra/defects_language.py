"""How can the language of Bicep be broken? One change to the sample each, by the rule that sees it."""

from local.infra.checks import Rule, readable
from local.infra.rules import calls, decorators, fitting, kinds, names
from tests.infra.sample import APP_FILE as APP
from tests.infra.sample import MAIN_FILE as MAIN
from tests.infra.sample import NETWORK_FILE as NETWORK
from tests.infra.sample import PARAMETER_FILE as PARAMETERS

# A line that is added to the sample, and what is said of it.
ADDED: dict[Rule, list[tuple[str, str]]] = {
    readable: [
        ("var x = 1 +", "a value is missing before a new line"),
        ("var x = !!true", "a value is missing before '!'"),
        ("var x = true &&\n  false", "a value is missing before a new line"),
        ("var x = [1 2]", "a new line or a comma is missing before '2'"),
        ("var x = {\n  a: 1,\n  b: 2\n}", "a comma at the end of a line"),
        ("var x = 1 var y = 2", "a new line is missing before 'var'"),
        ("var x = 'It's'", "a text is not ended in its line"),
        ("var x = 'open", "a text is not ended in its line"),
        ("var x = 'C:\\data'", "is no escape"),
        ("var x = '${{ a: 1 }}'", "an object or array inside a text"),
        ("var x = '${\n1}'", "goes on in the next line"),
        ("var x = '${1 2}'", "'}' is missing before '2'"),
        ("var x = (1, 2)", "parentheses hold exactly one value"),
        ("var x = concat('a',)", "a comma behind the last argument"),
        ("var x = 99999999999999999999", "too large"),
        ("var x = map([1], (1) => 2)", "there are only names"),
        ("var x = group.?list()", "'.?' in front of a function"),
        ("var x = ~1", "'~' is no Bicep"),
        ("let x = 1", "'let' begins no declaration"),
        ("/* never ended", "a comment is not ended"),
        ("param x", "the type of the parameter 'x' is missing"),
        ("output x = 1", "the type of the output 'x' is missing"),
        ("type x = '${1}'", "something is filled into"),
    ],
    names.declared_twice: [
        ("output host string = 'x'", "'host' is declared 2 times"),
    ],
    names.unused: [
        ("param left bool = true", "nothing uses 'left'"),
        ("var left = 1", "nothing uses 'left'"),
    ],
}
# A file, what is changed in it to what, and what is said of it.
CHANGED: dict[Rule, list[tuple[str, str, str, str]]] = {
    readable: [
        (MAIN, "'modules/network.bicep' = if", "'modules/${kind}.bicep' = if", "is a text that is written out"),
        (MAIN, "targetScope = 'subscription'", "targetScope = 7", "targetScope is a text"),
        (APP, "  sku: { name: 'Basic' }\n  properties", "  sku { name: 'Basic' }\n  properties", "':' is missing"),
        (APP, "@batchSize(2)\n", "@batchSize(2) ", "a new line is missing before 'resource'"),
        (APP, "= [for place in range(0, replicas): {", "= [for place range(0, replicas): {", "'in' is missing"),
        (PARAMETERS, "param kind = 'dev'", "output kind = 'dev'", "begins no declaration"),
    ],
    names.undeclared: [
        (MAIN, "named('rg', environmentName)", "named('rg', environmentNam)", "'environmentNam' is not declared"),
        (MAIN, "name => '${name}!'", "name => '${nam}!'", "'nam' is not declared. Did you mean"),
        (APP, "{ name: endpoint }]", "{ name: endpoints2 }]", "'endpoints2' is not declared"),
    ],
    names.declared_twice: [
        (NETWORK, "output", "param name string\noutput", "declared 2 times"),
        (APP, "    open: false\n    capacity", "    open: false\n    open: true\n    capacity", "twice"),
    ],
    names.unknown_types: [
        (MAIN, "param owner string?", "param owner strin?", "there is no type 'strin'"),
        (MAIN, "  cost: int?", "  cost: number?", "there is no type 'number'"),
    ],
    names.circles: [
        (MAIN, "var tags = union({", "var tags = union({ more: tags,", "'tags' needs itself"),
        (APP, "    capacity: 10", "    capacity: length(queues.id)", "'account' needs itself"),
    ],
    names.unused: [
        (APP, "notes: old.id", "notes: 'x'", "nothing uses 'old'"),
    ],
    calls.unknown_functions: [
        (MAIN, "'${short}-${toLower(name)}'", "'${short}-${lower(name)}'", "no function 'lower'"),
        (APP, "az.resourceId(", "sys.resourceId(", "there is no function 'resourceId'"),
        (APP, "notes: old.id", "notes: old.name()", "a resource has no function 'name'"),
    ],
    calls.numbers_of_arguments: [
        (MAIN, "named('rg', environmentName)", "named('rg')", "1 arguments and takes 2"),
        (APP, "replace(name, '-', '')", "replace(name, '-')", "given 2 arguments"),
    ],
    calls.only_as_default: [
        (MAIN, "since: firstDay", "since: '${firstDay}${utcNow()}'", "outside of the default"),
    ],
    calls.files_that_are_loaded: [
        (MAIN, "loadJsonContent('sizes.json')", "loadJsonContent('none.json')", "no file"),
        (MAIN, "loadJsonContent('sizes.json')", "loadJsonContent('${kind}.json')", "computed"),
    ],
    calls.lambdas: [
        (MAIN, "{ size: size, people: long }", "{ size: size, people: x => long }", "a lambda stands"),
    ],
    calls.loops: [
        (MAIN, "people: [] }", "people: [for one in long: one] }", "a loop stands where none is taken"),
        (MAIN, "concat(map(names", "concat([for one in names: one], map(names", "a loop stands"),
        (APP, "{ name: endpoint }]", "{ name: endpoint, x: [for y in []: y] }]", "stands in another"),
    ],
    decorators.all_decorators: [
        (MAIN, "@minLength(2)", "@minSize(2)", "there is no decorator @minSize()"),
        (MAIN, "@minLength(2)", "@minLength('2')", "not given what it takes"),
        (MAIN, "@minLength(2)", "@minLength(-1)", "not given what it takes"),
        (MAIN, "@minLength(2)", "@minValue(2)", "cannot stand at string"),
        (MAIN, "@minLength(2)", "@maxLength(14)", "@maxLength() is there twice"),
        (MAIN, "var sizes", "@secure()\nvar sizes", "cannot stand at a var"),
        (MAIN, "output all", "@secure()\noutput all", "cannot stand at array"),
        (MAIN, "param token", "@allowed([])\nparam token", "not given what it takes"),
        (APP, "resource queues", "@batchSize(1)\nresource queues", "at what is no loop"),
        (APP, "@batchSize(2)", "@batchSize(0)", "not given what it takes"),
    ],
    kinds.all_kinds: [
        (MAIN, "param withNetwork bool = kind == 'prod'", "param withNetwork bool = kind", "is given string"),
        (MAIN, "first: first(long)", "first: first(count)", "array or string is wanted"),
        (MAIN, "if (kind == 'prod') {", "if (kind) {", "bool is wanted and this is string"),
        (MAIN, "place < 4", "place < [4]", "int or string is wanted and this is array"),
        (MAIN, "count * 10", "count + 'x'", "int is wanted and this is string"),
        (MAIN, "withNetwork ? network.outputs.subnetId : ''\noutput safe", "count ? '' : ''\noutput safe", "bool"),
        (MAIN, "in range(0, count): 'n", "in count: 'n", "array is wanted and this is int"),
        (MAIN, "sizes[?kind]", "(empty(sizes) ? 1 : 2)[?kind]", "array or object is wanted and this is int"),
        (MAIN, "output host string = app.outputs.host", "output host int = app.outputs.host", "given string"),
        (MAIN, "output host string", "output host array", "'host' is array and is given string"),
        (APP, "name, queues.name)", "name, queues.id.length)", "object is wanted and this is string"),
    ],
    kinds.conditions: [
        (MAIN, "if (!empty(token))", "if (token)", "the condition of 'budget' is string"),
    ],
    fitting.defaults: [
        (MAIN, "param kind string = 'dev'", "param kind string = 'div'", "may not be 'div'"),
        (MAIN, "param count int = 2", "param count int = 12", "not from 1 to 9"),
        (MAIN, "small | large = 'S'", "small | large = 'M'", "may not be 'M', but 'S', 'L', 'XL'"),
    ],
}
