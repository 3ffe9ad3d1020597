"""A newcomer's machine: a bare Debian or Ubuntu, a user without rights, and README's commands as they stand."""
