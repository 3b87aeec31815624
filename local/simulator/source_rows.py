"""What is in the table of a data source: thousands of orders, made up, in two partitions."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from local.simulator.cells import columns, number
from local.simulator.people import CUSTOMERS, draw

ROWS = 2_000
PARTITIONS = 2
BIG_NOTE = 70_000
BIG_ROW = 7
BIG_PARTITION_NOTE = 1_400
PRODUCTS = ("Bicycle", "Coffee, 1 kg", 'The "big" box', "Skis", "Crème brûlée")
SOURCE_COLUMNS = columns(
    OrderId="text",
    CustomerEMail="text",
    Product="text",
    Quantity="integer",
    Amount="decimal",
    OrderedOn="date",
    Express="boolean",
    Note="text",
)


@lru_cache(maxsize=16)
def source_rows(seed: int, source_id: str, partition: int, *, big: bool) -> Sequence[Mapping[str, Any]]:
    """The rows of one partition; a big one has about 3 MB, and a row of more than 64 KiB."""
    first = partition * ROWS
    return tuple(_order(n, seed, source_id, _note(n - first, big=big)) for n in range(first, first + ROWS))


def _order(n: int, seed: int, source_id: str, note: str) -> Mapping[str, Any]:
    drawn = draw(1 << 48, seed, source_id, n)
    day = drawn % 28 + 1
    return MappingProxyType(
        {
            "OrderId": f"O{n:06}",
            "CustomerEMail": f"customer{drawn % CUSTOMERS + 1}@contoso.example",
            "Product": PRODUCTS[drawn % len(PRODUCTS)],
            "Quantity": drawn % 9 + 1,
            "Amount": number(f"{drawn % 900 + 1}.{drawn % 100:02}"),
            "OrderedOn": f"2026-02-{day:02}",
            "Express": drawn % 2 == 0,
            "Note": note,
        }
    )


def _note(place: int, *, big: bool) -> str:
    if not big:
        return "Leave it at the door." if place % 10 == 0 else ""
    if place == BIG_ROW:
        return ('He said "no",\r\nthen "yes". ' * (BIG_NOTE // 28 + 1))[:BIG_NOTE]
    return f"Line {place}. ".ljust(BIG_PARTITION_NOTE, "-")
