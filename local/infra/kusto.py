"""What does a query ask: of which table, for which columns, properties and values? As much of Kusto as ours use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

COLUMNS = {
    "AppMetrics": {"TimeGenerated", "Name", "Sum", "Min", "Max", "ItemCount", "Properties", "AppRoleName"},
    "AppRequests": {"TimeGenerated", "Id", "Name", "Url", "Success", "ResultCode", "DurationMs", "Properties"}
    | {"OperationName", "OperationId", "ParentId", "ItemCount", "AppRoleName", "AppRoleInstance"},
    "AppTraces": {"TimeGenerated", "Message", "SeverityLevel", "Properties", "OperationName", "OperationId"}
    | {"ParentId", "ItemCount", "AppRoleName", "AppRoleInstance"},
    "_LogOperation": {"TimeGenerated", "Category", "Operation", "Level", "Detail"},
}
STAGES = {"where", "extend", "summarize", "project", "order", "top", "take"}
WORDS = {"and", "or", "not", "in", "has", "contains", "between", "by", "asc", "desc", "true", "false"} | STAGES
FUNCTIONS = {"tostring", "toint", "isempty", "isnotempty", "isnull", "isnotnull", "coalesce", "now", "ago", "bin"}
FUNCTIONS |= {"datetime_diff", "strcat", "strcat_array", "round", "iff"}
AGGREGATES = {"count", "countif", "sum", "sumif", "min", "minif", "max", "maxif", "avg", "avgif", "dcount", "arg_max"}
AGGREGATES |= {"arg_min", "make_set", "make_set_if"}
TEXT = re.compile(r"'([^']*)'|\"([^\"]*)\"")
NAME = re.compile(r"(?<![\w.'])[A-Za-z_]\w*")
PROPERTY = re.compile(r"\bProperties\.(\w+)")
GIVEN_NAME = re.compile(r"(\w+)\s*=(?![=~])")
RENAMED = re.compile(r"(\w+)\s*=\s*tostring\(\s*Properties\.(\w+)\s*\)")
COMPARED = re.compile(r"(\w+|tostring\(\s*Properties\.\w+\s*\))\s*(?:==|!=|=~|!~)\s*'([^']*)'")


@dataclass
class Query:
    """What a query says. `values`: properties with the texts that they are compared with."""

    table: str
    texts: list[str] = field(default_factory=list)
    properties: set[str] = field(default_factory=set)
    values: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_query(text: str) -> Query:
    """Read a query, from stage to stage."""
    first, *stages = _split(text, "|")
    query = Query(first.strip(), [one[0] or one[1] for one in TEXT.findall(text)])
    query.properties = set(PROPERTY.findall(text))
    if query.table not in COLUMNS:
        query.problems.append(f"there is no table {query.table or '(none)'}")
        return query
    columns, renamed = set(COLUMNS[query.table]), dict(RENAMED.findall(text))
    for stage in stages:
        query.problems += _problems(stage, columns)
        columns = _after(stage, columns)
    for left, value in COMPARED.findall(text):
        found = PROPERTY.search(left)
        name = found[1] if found else renamed.get(left)
        query.values += [(name, value)] if name else []
    return query


def _problems(stage: str, columns: set[str]) -> Iterator[str]:
    """Names in a stage that are nothing that there is."""
    word = stage.split()[0] if stage.split() else ""
    if word not in STAGES:
        yield f"there is no '{word}' in the table of what a query can do (local/infra/kusto.py)"
        return
    bare = PROPERTY.sub("Properties", TEXT.sub("''", stage))
    given = set(GIVEN_NAME.findall(bare))
    for match in NAME.finditer(bare):
        called = bare[match.end() :].lstrip().startswith("(")
        known = match[0] in (FUNCTIONS | AGGREGATES | WORDS if called else columns | given | WORDS)
        if not known:
            yield f"there is no {'function' if called else 'column'} {match[0]} there"


def _after(stage: str, columns: set[str]) -> set[str]:
    """The columns that the next stage sees."""
    word, _, rest = stage.strip().partition(" ")
    if word == "extend":
        return columns | set(GIVEN_NAME.findall(TEXT.sub("''", rest)))
    if word not in ("summarize", "project"):
        return columns
    values, _, by = rest.partition(" by ")
    return {name for part in (*_split(values, ","), *_split(by, ",")) for name in _made(part.strip())}


def _made(part: str) -> set[str]:
    """The columns that a part of summarize or project makes."""
    given = GIVEN_NAME.match(part)
    if given:
        return {given[1]}
    inside = re.fullmatch(r"(bin|arg_max|arg_min)\((.*)\)", part, re.DOTALL)
    if inside:
        names = [one.strip() for one in _split(inside[2], ",")]
        return {names[0]} if inside[1] == "bin" else set(names)
    return {part} if NAME.fullmatch(part) else set()


def _split(text: str, separator: str) -> list[str]:
    """Parts with the separator between them, where it is in no text and no brackets."""
    parts, depth, inside = [""], 0, ""
    for character in text:
        if inside or character in "'\"":
            inside = "" if character == inside else inside or character
        depth += (character in "([") - (character in ")]") if not inside else 0
        if character == separator and not inside and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts
