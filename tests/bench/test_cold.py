"""What is loaded when the app is indexed?"""

from bench.apart import told
from bench.cold_run import SDKS

# Each is loaded with the first call that needs it: a token that comes or goes, telemetry that is listened to.
HEAVY = ("azure.identity", "azure.monitor", "jwt", "msal", "opentelemetry")
OWN = ("bench", "function_app", "functions", "shared")
OF_PYTHON = ("concurrent", "gc", "gzip")


def test_indexing_loads_nothing_heavy_before_it_is_needed() -> None:
    app, alone = (set(told("bench.cold_run", what)["modules"]) for what in ("app", "sdks"))
    assert not [one for one in app if one.startswith(HEAVY)]
    assert set(SDKS) <= app
    assert {one.partition(".")[0] for one in app - alone} <= {*OWN, *OF_PYTHON}
