"""The Functions app: wiring only. What fires is in functions/, what happens in shared/."""

import azure.functions as func

from functions import BLUEPRINTS
from shared.bootstrap import require_settings

require_settings()
app = func.FunctionApp()
for blueprint in BLUEPRINTS:
    app.register_functions(blueprint)
