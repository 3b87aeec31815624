"""A measure of thirty digits, and one that is broken down: both come through whole."""

import json
from collections.abc import Sequence
from decimal import Decimal

import azure.functions as func

from tests.actions.site import running_site
from tests.entra import Entra


async def test_values_of_odd_measures_are_exact(functions: Sequence[func.Function], entra: Entra) -> None:
    async with running_site(functions, entra, "odd") as site:
        values = (await site.get("measures/Ledger"))["values"]
        assert values == {"Sum": "123456789012345678901234567890"}
        sales = await site.get("measures/Sales")
        assert (sales["dimensions"], sales["aliases"]) == (["Country", "Channel"], ["Total"])
        assert "values" not in sales
        schema = (await site.get("measures/Sales/dimensions/schema"))["schema"]
        assert [(name, one["type"]) for name, one in schema["properties"].items()] == [
            ("Country", "string"),
            ("Channel", "string"),
        ]
        answer = await site.ask("GET", "entities/Sales/items")
        rows = json.loads(answer.body, parse_float=Decimal)["value"]
        assert ("Côte d'Ivoire", "Shop") in {(row["Country"], row["Channel"]) for row in rows}
        assert all(isinstance(row["Total"], Decimal | int) for row in rows)
