"""Who are the customers, and what have they done? Made up from the scenario's seed, the same every time."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from local.simulator.cells import columns, number

CUSTOMERS = 480
FIRST_NAMES = ("Ana", "Zoë", "José", "Łukasz", "Ingrid", "D'Arcy", "Mei", "Ömer", "Siobhán", "Karl", "Aïcha", "Tomás")
LAST_NAMES = ("O'Brien", "Müller", "García", "Sørensen", "Nguyễn", "Smith", "de l'Étang", 'Rossi "Il Rosso"', "Novák")
CITIES = (
    ("Oslo", "NO"),
    ("Bergen", "NO"),
    ("Kraków", "PL"),
    ("Saint-Étienne", "FR"),
    ("L'Aquila", "IT"),
    ("Cork", "IE"),
)
ACTIVITY_TYPES = ("Purchase", "Visit", "Call", "Return")
TITLES = ("A red bicycle", "Coffee, 1 kg", 'The "big" box', "L'eau d'été", "Skis")

CUSTOMER_COLUMNS = columns(
    CustomerId="text",
    FirstName="text",
    LastName="text",
    EMail="text",
    City="text",
    CountryRegion="text",
    BirthDate="date",
    LoyaltyPoints="integer",
    TotalSpend="decimal",
)
ACTIVITY_COLUMNS = columns(
    ActivityId="text",
    CustomerId="text",
    ActivityType="text",
    ActivityTime="time",
    Title="text",
    Amount="decimal",
)
CUSTOMER_MEASURE_COLUMNS = columns(
    CustomerId="text", LifetimeSpend="decimal", Purchases="integer", AverageBasket="decimal"
)
Rows = Sequence[Mapping[str, Any]]


def draw(below: int, *names: object) -> int:
    """A number from 0 that looks random, yet is the same for the same names in every process."""
    return int.from_bytes(sha256("/".join(map(str, names)).encode()).digest()[:8]) % below


@lru_cache(maxsize=16)
def customers(seed: int, environment_id: str) -> Rows:
    """The customers."""
    return tuple(_customer(n, seed, environment_id) for n in range(CUSTOMERS))


@lru_cache(maxsize=16)
def activities(seed: int, environment_id: str, start: datetime) -> Rows:
    """What each customer did in the hundred days before the start; some did nothing."""
    return tuple(
        _activity(customer["CustomerId"], n, start)
        for customer in customers(seed, environment_id)
        for n in range(draw(6, customer["CustomerId"], "activities"))
    )


@lru_cache(maxsize=16)
def customer_measures(seed: int, environment_id: str) -> Rows:
    """What is measured of each customer."""
    return tuple(_measured(customer) for customer in customers(seed, environment_id))


@lru_cache(maxsize=256)
def members(seed: int, environment_id: str, segment: str, count: int) -> frozenset[str]:
    """The customers in a segment that has so many members; those that come in stay while it grows."""
    ids = [customer["CustomerId"] for customer in customers(seed, environment_id)]
    return frozenset(sorted(ids, key=lambda one: sha256(f"{segment}/{one}".encode()).digest())[:count])


def _customer(n: int, seed: int, environment_id: str) -> Mapping[str, Any]:
    customer_id = sha256(f"{seed}/{environment_id}/customer/{n}".encode()).hexdigest()[:32]

    def drawn(below: int, what: str) -> int:
        return draw(below, customer_id, what)

    first, last = FIRST_NAMES[drawn(len(FIRST_NAMES), "first")], LAST_NAMES[drawn(len(LAST_NAMES), "last")]
    city, country = CITIES[drawn(len(CITIES), "city")]
    born = date(1940, 1, 1) + timedelta(days=drawn(25_000, "born"))
    return MappingProxyType(
        {
            "CustomerId": customer_id,
            "FirstName": first,
            "LastName": last,
            "EMail": f"customer{n + 1}@contoso.example",
            "City": city,
            "CountryRegion": country,
            "BirthDate": born.isoformat() if drawn(8, "told") else None,
            "LoyaltyPoints": drawn(5_000, "points"),
            "TotalSpend": _money(drawn(1_000_000, "spend")),
        }
    )


def _activity(customer_id: str, n: int, start: datetime) -> Mapping[str, Any]:
    activity_id = sha256(f"{customer_id}/activity/{n}".encode()).hexdigest()[:32]

    def drawn(below: int, what: str) -> int:
        return draw(below, activity_id, what)

    at = start - timedelta(minutes=1 + drawn(144_000, "time"))
    kind = ACTIVITY_TYPES[drawn(len(ACTIVITY_TYPES), "type")]
    return MappingProxyType(
        {
            "ActivityId": activity_id,
            "CustomerId": customer_id,
            "ActivityType": kind,
            "ActivityTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "Title": TITLES[drawn(len(TITLES), "title")],
            "Amount": _money(drawn(50_000, "amount")) if kind in ("Purchase", "Return") else None,
        }
    )


def _measured(customer: Mapping[str, Any]) -> Mapping[str, Any]:
    customer_id = customer["CustomerId"]
    return MappingProxyType(
        {
            "CustomerId": customer_id,
            "LifetimeSpend": customer["TotalSpend"],
            "Purchases": draw(40, customer_id, "purchases"),
            "AverageBasket": _money(draw(20_000, customer_id, "basket")),
        }
    )


def _money(cents: int) -> object:
    return number(f"{cents // 100}.{cents % 100:02}")
