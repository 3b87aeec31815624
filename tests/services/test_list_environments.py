"""Which environments a caller is offered: those that Customer Insights shows, where nothing on our side is missing."""

from dataclasses import dataclass, replace

from shared.adapters.memory_actions import MemoryActions
from shared.domain.callers import EVERY, Caller
from shared.domain.catalog import EnvironmentInfo
from shared.services.list_environments import list_environments
from tests.services.stage import MAKER, Stage

FOUND = tuple(EnvironmentInfo(one, f"{one.title()} shop") for one in ("c", "a", "b"))


@dataclass(slots=True)
class Several(MemoryActions):
    """Shows several environments."""

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        return FOUND


async def offered(caller: Caller, *, with_key: str = "abc") -> list[str]:
    stage = Stage(actions=Several())
    found = await list_environments(stage.ports, caller, lambda one: "key" if one in with_key else "")
    return [one.id for one in found]


async def test_a_user_is_offered_all_by_name() -> None:
    assert await offered(MAKER) == ["a", "b", "c"]


async def test_one_without_a_subscription_key_is_not_offered() -> None:
    assert await offered(MAKER, with_key="b") == ["b"]
    assert await offered(MAKER, with_key="") == []


async def test_an_application_is_offered_those_that_are_listed_for_it() -> None:
    assert await offered(Caller("app", environments=frozenset({"c", "d"}))) == ["c"]
    assert await offered(Caller("app", environments=frozenset())) == []
    assert await offered(Caller("app", environments=frozenset({EVERY})), with_key="ac") == ["a", "c"]


async def test_names_are_ordered_whatever_their_case_and_signs() -> None:
    """As small letters are: a blank space before a dash, and that before a letter."""
    shown = tuple(EnvironmentInfo(name, name) for name in ("b", "A_b", "a b", "Ab", "c"))
    asked: list[str] = []

    @dataclass(slots=True)
    class Named(MemoryActions):
        async def environments(self) -> tuple[EnvironmentInfo, ...]:
            return shown

    stage = Stage()

    def acting(caller: Caller, environment_id: str) -> Named:
        asked.append(environment_id)
        return Named()

    found = await list_environments(replace(stage.ports, acting=acting), MAKER, lambda _: "key")
    assert [one.id for one in found] == ["a b", "A_b", "Ab", "b", "c"]
    assert asked == [""]
