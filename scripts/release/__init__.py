"""What changes a stage: deploy and its plans, destroy, smoke test, scaling, pipelines."""
