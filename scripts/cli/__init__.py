"""The command line `sentiment`: one module for each group of commands in its help. What they do is elsewhere."""
