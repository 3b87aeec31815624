"""What happens: the rules (domain), the use cases (services) and the vendors behind ports (adapters)."""
