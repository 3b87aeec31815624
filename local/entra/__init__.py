"""A small Entra ID for this machine: it publishes keys, signs users and applications in, and refuses as Entra does."""
