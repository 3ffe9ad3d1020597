"""Figures: metrics, test sets of our own, robustness, speed, and the model card. Nothing here trains."""
