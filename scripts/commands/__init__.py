"""The commands of ``python -m scripts``, by what they do: change a stage, run it, look at it."""
