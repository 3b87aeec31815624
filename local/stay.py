"""What does a person see of a run that stays up? Where everything is, which environments are watched, what comes."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from local.errors import BrokenRunError
from local.news import News
from local.show import Screen, counted
from local.sign_in import SignIn
from local.stage import Addresses, Stage
from local.wire import Answer, ask

LOOK_EVERY_SECONDS = 0.5
STATUS_EVERY_SECONDS = 3.0
SUBSCRIBE = """\
Subscribe a flow of the inbox; any name makes one:
curl {host}/api/triggers/data-source-refresh-succeeded -d '
  {{"environmentId": "{environment}",
   "callbackUrl": "{inbox}/flows/Mine"}}' -H "Authorization: Bearer $({token})\""""


def stay_up(stage: Stage, news: News, environments: Mapping[str, str], *, paused: bool = False) -> int:
    """Say where everything is and show what happens, until Ctrl-C. The environments are names by id."""
    show_addresses(stage, news.screen, environments, simulated=bool(news.simulator), paused=paused)
    watching = Watching(stage.addresses.host, tuple(environments), stage.sign_in)
    next_status = 0.0
    try:
        while True:
            stage.require_running()
            news.show()
            if time.monotonic() >= next_status:
                for line in watching.news():
                    news.screen.note(line, "red" if line.startswith("Not") else "green")
                next_status = time.monotonic() + STATUS_EVERY_SECONDS
            time.sleep(LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        news.screen.note("Ending everything.")
        return 0


def show_addresses(
    stage: Stage, screen: Screen, environments: Mapping[str, str], *, simulated: bool, paused: bool
) -> None:
    """Where everything is, and what one can do there."""
    at, token = stage.addresses, stage.sign_in.command
    screen.to_copy(f"Functions    {at.host}/api")
    if simulated:
        screen.to_copy(f"Simulator    {at.simulator}/control/state")
    screen.to_copy(f"Flow inbox   {at.inbox}/")
    screen.to_copy(f"Token        {token}")
    for environment_id, name in environments.items():
        screen.to_copy(f"Environment  {environment_id}  {name}".rstrip())
    first = next(iter(environments), "ID")
    screen.to_copy(SUBSCRIBE.format(host=at.host, inbox=at.inbox, environment=first, token=token))
    if paused:
        screen.to_copy(f"The simulated clock stands still. Let it run, a day a minute:\n{start_clock(at)}")
    screen.note("Ctrl-C ends everything.")


def start_clock(at: Addresses) -> str:
    """The command that lets the simulated clock run."""
    return f"curl {at.simulator}/control/start -d '{{\"speed\": 1440}}'"


@dataclass(slots=True)
class Watching:
    """Which environments the app says that it watches, told when it changes."""

    host: str
    environment_ids: tuple[str, ...]
    sign_in: SignIn
    told: dict[str, str] = field(default_factory=dict)

    def news(self) -> Iterator[str]:
        """A line for each environment whose status is another than last time."""
        for environment_id in self.environment_ids:
            try:
                url = f"{self.host}/api/environments/{environment_id}/status"
                answer = ask("GET", url, token=self.sign_in.token())
            except BrokenRunError:
                continue  # a host that is busy is asked again; one that has ended is noticed elsewhere
            line = watching_line(environment_id, answer)
            if self.told.get(environment_id) != line:
                self.told[environment_id] = line
                yield line


def watching_line(environment_id: str, answer: Answer) -> str:
    """The status of an environment in a sentence."""
    status, body = answer
    if status == 200 and isinstance(body, dict):
        if body.get("failingReason"):
            return f"Not watching {environment_id}: {body['failingReason']}, see the host's log"
        if body.get("watching"):
            return f"Watching {environment_id} ({counted(int(body.get('watches', 0)), 'watch', 'watches')})"
    if status in (200, 404):
        return f"Waiting for the first look at {environment_id}"
    if status in (401, 403):
        return f"Not known whether {environment_id} is watched: the app refuses this run's own token ({status})"
    return f"Not watching {environment_id}: the app answered {status}, see the host's log"
