"""Which function answers a path, and with which route parameters?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local.host.errors import HostError

_CONSTRAINTS = {
    "": "[^/]+",
    "alpha": "[A-Za-z]+",
    "bool": "(?:true|false)",
    "guid": r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?",
    "int": r"-?\d{1,10}",
    "long": r"-?\d{1,19}",
}
_PARAMETER = re.compile(r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<optional>\?)?\}")
_TEXT = re.compile(r"[^{}]+")


@dataclass(frozen=True, slots=True)
class Route:
    """A route template, ready to be matched; `rank` sorts the more specific first, as in Azure."""

    template: str
    pattern: re.Pattern[str]
    rank: tuple[int, ...]

    def match(self, raw_path: str) -> Mapping[str, str] | None:
        """Give the route parameters when the path (still percent-encoded) fits."""
        found = self.pattern.fullmatch(_decoded(raw_path))
        return None if found is None else {name: text for name, text in found.groupdict().items() if text}


def compile_route(template: str) -> Route:
    """Read a template such as `things/{id:guid}/{*rest}`; the prefix belongs to it already."""
    pattern, rank = "", []
    for segment in filter(None, template.split("/")):
        piece, specificity = _segment(segment, template)
        pattern += piece
        rank.append(specificity)
    return Route(template, re.compile(f"{pattern}/?", re.IGNORECASE), tuple(rank))


def _segment(segment: str, template: str) -> tuple[str, int]:
    """Translate one segment: its pattern with the leading slash, and 0 (text) to 3 (takes everything)."""
    whole = _PARAMETER.fullmatch(segment)
    if whole is None:
        return "/" + _mixed(segment, template), 0 if "{" not in segment else 1
    name, specificity = whole["name"], 1 if whole["constraint"] else 2
    if whole["rest"]:
        return f"(?:/(?P<{name}>.*))?", 3
    piece = f"(?P<{name}>{_constraint(whole, template)})"
    return (f"(?:/{piece})?" if whole["optional"] else f"/{piece}"), specificity


def _mixed(segment: str, template: str) -> str:
    """Translate a segment of text and parameters, such as `file.{extension}`."""
    pattern, at = "", 0
    while at < len(segment):
        found = _TEXT.match(segment, at) or _PARAMETER.match(segment, at)
        if found is None or (found.re is _PARAMETER and (found["rest"] or found["optional"])):
            raise HostError(f'the route "{template}" cannot be read at "{segment[at:]}"')
        is_text = found.re is _TEXT
        pattern += re.escape(found[0]) if is_text else f"(?P<{found['name']}>{_constraint(found, template)})"
        at = found.end()
    return pattern


def _constraint(parameter: re.Match[str], template: str) -> str:
    name = (parameter["constraint"] or "").lower()
    if name not in _CONSTRAINTS:
        known = ", ".join(filter(None, _CONSTRAINTS))
        raise HostError(f'the route "{template}" uses the constraint "{name}"; the local host knows {known}')
    return _CONSTRAINTS[name]


def _decoded(raw_path: str) -> str:
    """Decode a path but for an encoded slash, which Azure leaves as it came."""
    return unquote(re.sub("%2f", "%252F", raw_path, flags=re.IGNORECASE))
