"""Does a path reach the function that Azure would choose?"""

import pytest

from local.host.errors import HostError
from local.host.routes import compile_route

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("api/plain", "/api/plain", {}),
        ("api/plain", "/API/Plain/", {}),
        ("api/plain", "/api/plain/more", None),
        ("api/{id}", "/api/5", {"id": "5"}),
        ("api/{id}", "/api", None),
        ("api/{id}", "/api/a%20b", {"id": "a b"}),
        ("api/{id}", "/api/a%2Fb", {"id": "a%2Fb"}),
        ("api/{id}", "/api/a%25b", {"id": "a%b"}),
        ("api/{id}", "/api/%C3%A9", {"id": "é"}),
        ("api/{id:guid}", f"/api/{GUID}", {"id": GUID}),
        ("api/{id:guid}", f"/api/{GUID.upper()}", {"id": GUID.upper()}),
        ("api/{id:guid}", "/api/5", None),
        ("api/{n:int}/x", "/api/-5/x", {"n": "-5"}),
        ("api/{n:int}/x", "/api/five/x", None),
        ("api/a/{id?}", "/api/a", {}),
        ("api/a/{id?}", "/api/a/5", {"id": "5"}),
        ("api/a/{id:int?}", "/api/a/b", None),
        ("api/{*rest}", "/api/a/b/c", {"rest": "a/b/c"}),
        ("{*rest}", "/", {}),
        ("api/{name}.{kind}", "/api/a.json", {"name": "a", "kind": "json"}),
        ("api/a+b", "/api/a+b", {}),
        ("", "/", {}),
    ],
)
def test_a_path_gives_the_route_parameters_or_does_not_match(
    template: str, path: str, parameters: dict[str, str] | None
) -> None:
    assert compile_route(template).match(path) == parameters


def test_the_more_specific_route_comes_first() -> None:
    templates = ["api/{*rest}", "api/{id}", "api/{id:guid}", "api/fixed", "api/{id}/more", "api/{id}/{other}"]
    ranked = sorted(map(compile_route, templates), key=lambda route: route.rank)
    assert [route.template for route in ranked] == [
        "api/fixed",
        "api/{id:guid}",
        "api/{id}",
        "api/{id}/more",
        "api/{id}/{other}",
        "api/{*rest}",
    ]


@pytest.mark.parametrize("template", ["{id:regex(a)}", "{id:date}", "{id=5}", "a{b", "x{*rest}"])
def test_a_route_that_the_host_cannot_read_is_refused_at_the_start(template: str) -> None:
    with pytest.raises(HostError, match="the route"):
        compile_route(template)
