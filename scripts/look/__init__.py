"""Commands that look at a stage and change nothing: status, logs, doctor."""
