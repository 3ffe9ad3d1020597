"""The orchestrator: plans and deploys the stacks with boto3, and its command line."""
