"""Templates, plans, change sets and stacks."""
