"""What was written by hand to the entities, and until when does it count?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """An item that was made, or columns of an item that were changed."""

    item_id: str
    columns: Mapping[str, Any]
    until: datetime
    is_new: bool


@dataclass(slots=True)
class Records:
    """Everything written, in its order, by environment and entity."""

    _written: dict[tuple[str, str], list[Written]] = field(default_factory=dict)

    def add(self, environment_id: str, entity: str, written: Written) -> None:
        """Keep what was written."""
        self._written.setdefault((environment_id, entity), []).append(written)

    def over(
        self, environment_id: str, entity: str, rows: Sequence[Row], keys: Sequence[str], now: datetime
    ) -> Sequence[Row]:
        """The rows with what was written over them and still counts; what is new comes last."""
        alive = [one for one in self._written.get((environment_id, entity), ()) if now < one.until]
        if not alive:
            return rows
        found: dict[str, Row] = {row[keys[0]]: row for row in rows}
        for one in alive:
            if one.is_new or one.item_id in found:
                found[one.item_id] = {**found.get(one.item_id, {}), **one.columns}
        return list(found.values())

    def count(self) -> int:
        """How much was written so far."""
        return sum(len(written) for written in self._written.values())
