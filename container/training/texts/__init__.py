"""Texts and their labels: ISEAR, sentences of our own, other people's texts, and ways to change a text. No network."""
