"""Entra ID cannot be asked: users hear so, applications notice nothing. msal remembers that, so the site is its own."""

from collections.abc import Sequence

import azure.functions as func

from local.entra.directory import DAEMON, MAKER, VIEWER
from tests.actions.site import running_site
from tests.entra import Entra


async def test_users_are_told_to_try_again(functions: Sequence[func.Function], entra: Entra) -> None:
    """Who was here before goes on with the token that was exchanged then."""
    async with running_site(functions, entra) as site:
        assert (await site.ask("GET", "segments", who=VIEWER)).status == 200
        site.asked()
        entra.control.down["token"] = None
        answer = await site.ask("GET", "segments", who=MAKER)
        assert answer.status == 503, answer
        assert int(answer.headers["Retry-After"]) > 0
        assert not site.simulation.seen
        for who in (DAEMON, VIEWER):
            assert (await site.ask("GET", "segments", who=who)).status == 200
        entra.control.reset()
