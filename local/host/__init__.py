"""A functions host for one machine: it runs any Python v2-model Functions app as Azure would."""
