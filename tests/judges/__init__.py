"""Independent judges of the templates, and the floors under which `make judges` fails."""
