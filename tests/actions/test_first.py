"""First."""
import pytest
from tests.actions.site import Site
pytestmark = pytest.mark.asyncio(loop_scope="module")

async def test_x(site: Site) -> None:
    for p in ("/environments","datasources","segments","measures","measures/Revenue","measures/Revenue/aliases","jobs?top=2","entities","entities/Customer/schema?use=create","entities/Customer/items?$top=2","segments/HighValue/members?$top=1","customers?text=Ana&$top=1","entities/Customer/partitions", "reports/environment"):
        a = await site.ask("GET", p)
        print(p, a.status, dict(a.headers), a.body[:700])
        print(site.asked())
    a = await site.ask("POST", "segments/HighValue/refresh-and-wait")
    print(a, site.asked())
    assert 0
