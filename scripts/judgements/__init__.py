"""People's judgements out of a stage and back: export, restore, forget."""
