"""The judgements of a stage: export, restore, forget."""
