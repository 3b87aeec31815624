"""What holds when things go wrong? The fault and attack suite behind `./dev faults` and docs/reliability.md."""
