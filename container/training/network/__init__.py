"""The RNN: its layers and first weights, what an epoch shows it, its optimisation, and the file that is shipped."""
