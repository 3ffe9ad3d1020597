"""The laptop cloud: the whole app on one machine, from the same templates and through the same orchestrator."""
