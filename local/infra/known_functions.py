"""Which functions does Bicep have, what do they take and what do they give?

Facts of the language's two namespaces. `?` may be left out, `*` may come any number of times; kinds are joined by `|`.
"""

import re
from dataclasses import dataclass

SYS = """
any(any) -> any
array(any) -> array
base64(string) -> string
base64ToJson(string) -> any
base64ToString(string) -> string
bool(any) -> bool
buildUri(object) -> string
cidrHost(string, int) -> string
cidrSubnet(string, int, int) -> string
concat(string|array|int|bool, string|array|int|bool*) -> any
contains(string|array|object, any) -> bool
dataUri(any) -> string
dataUriToString(string) -> string
dateTimeAdd(string, string, string?) -> string
dateTimeFromEpoch(int) -> string
dateTimeToEpoch(string) -> int
empty(any) -> bool
endsWith(string, string) -> bool
fail(string) -> any
filter(array, lambda) -> array
first(string|array) -> any
flatten(array) -> array
format(string, any*) -> string
groupBy(array, lambda, lambda?) -> object
guid(string, string*) -> string
indexOf(string|array, any) -> int
int(string|int) -> int
intersection(array|object, array|object, array|object*) -> any
items(object) -> array
join(array, string) -> string
json(string) -> any
last(string|array) -> any
lastIndexOf(string|array, any) -> int
length(string|array|object) -> int
loadDirectoryFileInfo(string, string?) -> array
loadFileAsBase64(string) -> string
loadJsonContent(string, string?, string?) -> any
loadTextContent(string, string?) -> string
loadYamlContent(string, string?, string?) -> any
map(array, lambda) -> array
mapValues(object, lambda) -> object
max(int|array, int*) -> int
min(int|array, int*) -> int
nameof(any) -> string
newGuid() -> string
objectKeys(object) -> array
padLeft(string|int, int, string?) -> string
parseCidr(string) -> object
parseUri(string) -> object
range(int, int) -> array
reduce(array, any, lambda) -> any
replace(string, string, string) -> string
shallowMerge(array) -> object
skip(string|array, int) -> any
sort(array, lambda) -> array
split(string, string|array) -> array
startsWith(string, string) -> bool
string(any) -> string
substring(string, int, int?) -> string
take(string|array, int) -> any
toLower(string) -> string
toObject(array, lambda, lambda?) -> object
toUpper(string) -> string
trim(string) -> string
tryGet(any, any, any*) -> any
union(array|object, array|object, array|object*) -> any
uniqueString(string, string*) -> string
uri(string, string) -> string
uriComponent(string) -> string
uriComponentToString(string) -> string
utcNow(string?) -> string
"""
AZ = """
deployer() -> object
deployment() -> object
environment() -> object
extensionResourceId(string, string, string, string*) -> string
list(string, string, object?) -> any
managementGroup(string?) -> object
managementGroupResourceId(string, string, string*) -> string
pickZones(string, string, string, int?, int?) -> array
providers(string, string?) -> any
reference(string, string?, string?) -> any
resourceGroup(string?, string?) -> object
resourceId(string, string, string*) -> string
subscription(string?) -> object
subscriptionResourceId(string, string, string*) -> string
tenant() -> object
tenantResourceId(string, string, string*) -> string
toLogicalZone(string, string, string) -> string
toLogicalZones(string, string, array) -> array
toPhysicalZone(string, string, string) -> string
toPhysicalZones(string, string, array) -> array
"""
PARAMETER_FILE_ONLY = """
externalInput(string, any?) -> any
getSecret(string, string, string, string, string?) -> string
readEnvironmentVariable(string, string?) -> string
"""
# What may be decorated with what; the rest of what decorators ask is in naming.py.
DECORATORS: dict[str, frozenset[str]] = {
    "allowed": frozenset({"param"}),
    "batchSize": frozenset({"resource", "module"}),
    "description": frozenset({"param", "var", "resource", "module", "output", "type", "func"}),
    "discriminator": frozenset({"param", "output", "type"}),
    "export": frozenset({"var", "type", "func"}),
    "maxLength": frozenset({"param", "output", "type"}),
    "maxValue": frozenset({"param", "output", "type"}),
    "metadata": frozenset({"param", "output", "type", "var", "func"}),
    "minLength": frozenset({"param", "output", "type"}),
    "minValue": frozenset({"param", "output", "type"}),
    "nullIfNotFound": frozenset({"resource"}),
    "onlyIfNotExists": frozenset({"resource"}),
    "retryOn": frozenset({"resource"}),
    "sealed": frozenset({"param", "output", "type"}),
    "secure": frozenset({"param", "output", "type"}),
    "waitUntil": frozenset({"resource"}),
}
TYPES = frozenset({"string", "int", "bool", "object", "array", "any"})
NAMESPACES = frozenset({"az", "sys"})
DEFAULT_ONLY = frozenset({"utcNow", "newGuid"})  # they give something else each time
LOADING = frozenset({"loadTextContent", "loadFileAsBase64", "loadJsonContent", "loadYamlContent"})
ANY = frozenset({"any"})
LINE = re.compile(r"(\w+)\((.*)\) -> (\w+)")


@dataclass(frozen=True, slots=True)
class Signature:
    """What one function takes and gives; `endless` when the last kind may come any number of times, also never."""

    name: str
    takes: tuple[frozenset[str], ...]
    least: int
    endless: bool
    gives: str

    def takes_so_many(self, number: int) -> bool:
        """May it be called with so many arguments?"""
        return self.least <= number and (self.endless or number <= len(self.takes))

    def kinds_at(self, place: int) -> frozenset[str]:
        """What the argument at a place may be."""
        return self.takes[min(place, len(self.takes) - 1)] if self.takes else ANY


def _signatures(facts: str) -> dict[str, Signature]:
    found = (LINE.fullmatch(line) for line in facts.split("\n"))
    return {match[1]: _signature(match) for match in found if match}


def _signature(match: re.Match[str]) -> Signature:
    takes = [one for one in match[2].split(", ") if one]
    least = sum(not one.endswith(("?", "*")) for one in takes)
    kinds = tuple(frozenset(one.rstrip("?*").split("|")) for one in takes)
    return Signature(match[1], kinds, least, bool(takes) and takes[-1].endswith("*"), match[3])


SIGNATURES = {"sys": _signatures(SYS), "az": _signatures(AZ)}
FUNCTIONS = {**SIGNATURES["sys"], **SIGNATURES["az"]}
# A parameter file is computed before the deployment knows where it goes.
IN_PARAMETER_FILES = {**SIGNATURES["sys"], **_signatures(PARAMETER_FILE_ONLY)}
