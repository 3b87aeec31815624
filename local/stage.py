"""What must run for a local run, in which order, with which settings? Storage, sign-in, simulator, inbox, hosts."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from local.azurite import Azurite, Ports, running_azurite
from local.children import ROOT, Child, require_free, running, start
from local.entra.certificate import Certificate
from local.entra.directory import DAEMON
from local.guard import environments_setting, real_guard, signed_in, simulated_guard, start_entra
from local.sign_in import SignIn

HOST_START_SECONDS = 90.0
SIMULATOR, ENTRA = "simulator", "Entra ID stand-in"
USES = ("functions host", SIMULATOR, "flow inbox", "blob storage", "queue storage", "table storage", ENTRA)
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is, from one base port; further functions hosts come behind all else."""

    base: int
    hosts: int = 1

    @property
    def host(self) -> str:
        """The functions host, with our app in it; of several the first."""
        return f"http://127.0.0.1:{self.base}"

    @property
    def host_ports(self) -> tuple[int, ...]:
        """The ports of all functions hosts."""
        behind = self.base + len(USES)
        return (self.base, *range(behind, behind + self.hosts - 1))

    @property
    def simulator(self) -> str:
        """The Customer Insights simulator."""
        return f"http://127.0.0.1:{self.base + 1}"

    @property
    def inbox(self) -> str:
        """The flow inbox."""
        return f"http://127.0.0.1:{self.base + 2}"

    @property
    def entra(self) -> str:
        """The stand-in for Entra ID."""
        return f"https://127.0.0.1:{self.base + 6}"

    @property
    def storage(self) -> Ports:
        """The ports of blobs, queues and tables."""
        return (self.base + 3, self.base + 4, self.base + 5)

    def require_free(self, *, without: Sequence[str] = ()) -> None:
        """Raise for the first port that something else uses; some runs go without one or the other part."""
        for offset, use in enumerate(USES):
            if use not in without:
                require_free(self.base + offset, use, "--port BASE")
        for number, port in enumerate(self.host_ports[1:], start=2):
            require_free(port, host_name(number), "--port BASE")


@dataclass(slots=True)
class Host:
    """A functions host of this run, which may be killed and started again."""

    port: int
    command: Sequence[str]
    settings: Mapping[str, str]
    log: Path
    name: str = USES[0]
    child: Child | None = field(default=None)

    def start(self) -> None:
        """Start it."""
        self.child = start(self.name, self.command, self.log, self.settings)

    def wait_until_serving(self) -> None:
        """Return when it serves; it opens its port last."""
        if self.child is not None:
            self.child.wait_until_listening(self.port, HOST_START_SECONDS)

    def stop(self) -> None:
        """Let it end in order."""
        if self.child is not None:
            self.child.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.child is not None:
            self.child.kill()

    def require_running(self) -> None:
        """Raise when it has ended by itself."""
        if self.child is not None:
            self.child.require_running()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs for one local run."""

    addresses: Addresses
    hosts: tuple[Host, ...]
    others: tuple[Child, ...]
    sign_in: SignIn

    @property
    def host(self) -> Host:
        """The one that is called."""
        return self.hosts[0]

    def require_running(self) -> None:
        """Raise when a program of this run has ended by itself."""
        for child in self.others:
            child.require_running()
        for host in self.hosts:
            host.require_running()


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the simulator is to play."""

    scenario: Path
    seed: int | None
    environment_ids: tuple[str, ...]


def set_stage(
    stack: ExitStack,
    folder: Path,
    addresses: Addresses,
    lease_seconds: int,
    simulation: Simulation | None,
    own_sign_in: SignIn | None = None,
) -> Stage:
    """Start everything; the stack ends it, last first. With a sign-in of one's own there is no stand-in for Entra."""
    logs = folder / "logs"
    azurite = stack.enter_context(
        running_azurite(folder / "storage", ports=addresses.storage, log=logs / "azurite.log")
    )
    settings = host_settings(azurite, addresses, encryption_key(folder))
    others, sign_in = [], own_sign_in
    if sign_in is None:
        child, certificate = start_entra(stack, addresses.base + 6, folder)
        others.append(child)
        who = "operations" if simulation is None else "maker"
        sign_in = signed_in(who, addresses.entra, certificate, addresses.base)
        guard = real_guard if simulation is None else simulated_guard
        settings |= guard(addresses.entra, certificate)
        if simulation is not None:
            others.append(start_simulator(stack, addresses, simulation, logs, certificate))
            settings |= simulated_settings(addresses, simulation)
    others.append(start_inbox(stack, addresses, logs))
    return Stage(addresses, start_hosts(stack, addresses, lease_seconds, settings, logs), tuple(others), sign_in)


def start_hosts(
    stack: ExitStack, addresses: Addresses, lease_seconds: int, settings: Mapping[str, str], logs: Path
) -> tuple[Host, ...]:
    """Start our app as often as it is wanted, on the same storage; all serve when this returns."""
    hosts = []
    for number, port in enumerate(addresses.host_ports, start=1):
        log = logs / ("host.log" if number == 1 else f"host-{number}.log")
        hosts.append(Host(port, host_command(port, lease_seconds), settings, log, host_name(number)))
        stack.callback(hosts[-1].stop)
        hosts[-1].start()
    for host in hosts:
        host.wait_until_serving()
    return tuple(hosts)


def host_command(port: int, lease_seconds: int) -> list[str]:
    """How our app is served."""
    app = ["--app", str(ROOT), "--port", str(port), "--lease-seconds", str(lease_seconds)]
    return [sys.executable, "-m", "local.host", *app]


def host_name(number: int) -> str:
    """What a functions host is called where there are several."""
    return USES[0] if number == 1 else f"functions host {number}"


def start_simulator(
    stack: ExitStack, addresses: Addresses, simulation: Simulation, logs: Path, certificate: Certificate
) -> Child:
    """Start the simulator with its clock standing still; it takes the stand-in's tokens."""
    port = addresses.base + 1
    command = [sys.executable, "-m", "local.simulator", "--port", str(port), "--scenario", str(simulation.scenario)]
    command += ["--paused"] if simulation.seed is None else ["--paused", "--seed", str(simulation.seed)]
    command += ["--authority", addresses.entra, "--ca", str(certificate.ca)]
    child = stack.enter_context(running("simulator", command, logs / "simulator.log"))
    child.wait_until_listening(port)
    return child


def start_inbox(stack: ExitStack, addresses: Addresses, logs: Path) -> Child:
    """Start the flow inbox; its calls are kept beside the logs."""
    port = addresses.base + 2
    command = [sys.executable, "-m", "local.inbox", "--port", str(port), "--file", str(logs / "calls.jsonl")]
    child = stack.enter_context(running("flow inbox", command, logs / "inbox.log"))
    child.wait_until_listening(port)
    return child


def host_settings(azurite: Azurite, addresses: Addresses, key: str) -> dict[str, str]:
    """The app's settings on this machine, real tenant or not."""
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "CALLBACK_ENCRYPTION_KEYS": key,
        "CALLBACK_ALLOW_LOOPBACK": "true",
        "PUBLIC_BASE_URL": addresses.host,
        "FUNCTIONS_WORKER_RUNTIME": "python",
    }


def simulated_settings(addresses: Addresses, simulation: Simulation) -> dict[str, str]:
    """The settings that lead the app to the simulator."""
    listed = ",".join(simulation.environment_ids)
    return {
        "ENVIRONMENTS": listed,
        environments_setting(DAEMON): listed,
        "CUSTOMER_INSIGHTS_API_URL": f"{addresses.simulator}/v1",
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "local-key",
        "POLL_SCHEDULE": "* * * * * *",
    }


def encryption_key(folder: Path) -> str:
    """The key that callback addresses are kept under; made once for a folder of data."""
    file = folder / "callback.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(Fernet.generate_key())
    return file.read_text(encoding="ascii")
