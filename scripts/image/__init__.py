"""The container image: what is in it, building, registries, bill of materials."""
