"""What every command needs: settings, session, lock, errors, Ctrl-C, progress."""
