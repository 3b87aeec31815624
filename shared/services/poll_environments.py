"""Poll the environments of one message side by side, and poll again soon where a job runs."""

import asyncio
from dataclasses import replace

from shared.ports import PollRequest, Ports
from shared.services.poll_environment import PollOutcome, poll_environment

FAST_POLLS_PER_TICK = 2
FULL_LOOKS_TRIED = 5
FULL_LOOK_AGAIN_SECONDS = 15


async def poll_environments(ports: Ports, request: PollRequest, *, fast_poll_seconds: int) -> list[PollOutcome]:
    """Poll each environment; the failure of one does not keep the others from being polled.

    While a job runs, up to two more polls follow at `fast_poll_seconds` (0: none); the next tick starts anew. A full
    look that another poll kept from happening is asked for again. A fault of ours is raised once all are done, so
    that the host tries the message again.
    """
    polls = (poll_environment(ports, one, asked_at=request.asked_at) for one in request.environment_ids)
    results = await asyncio.gather(*polls, return_exceptions=True)
    outcomes = [result for result in results if isinstance(result, PollOutcome)]
    running = tuple(outcome.environment_id for outcome in outcomes if outcome.running)
    if running and fast_poll_seconds and request.hop < FAST_POLLS_PER_TICK:
        again = PollRequest(running, hop=request.hop + 1)
        await ports.queues.send_polls([again], delay_seconds=fast_poll_seconds)
    left = tuple(outcome.environment_id for outcome in outcomes if outcome.left_to_other)
    if left and request.asked_at and request.hop < FULL_LOOKS_TRIED:
        again = replace(request, environment_ids=left, hop=request.hop + 1)
        await ports.queues.send_polls([again], delay_seconds=FULL_LOOK_AGAIN_SECONDS)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return outcomes
