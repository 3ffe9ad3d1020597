"""The teacher: a large encoder, probes on what it makes of texts, and the soft labels that come of them."""
