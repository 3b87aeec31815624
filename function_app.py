"""The Functions app: wiring only. What fires is in functions/, what happens in shared/."""

import azure.functions as func

from functions import BLUEPRINTS

app = func.FunctionApp()
for blueprint in BLUEPRINTS:
    app.register_functions(blueprint)
