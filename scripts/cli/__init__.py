"""Command line: options, one module a group of commands, completion; what they do is elsewhere."""
