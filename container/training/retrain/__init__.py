"""Retraining: judgements to a data set, the data set to a better model, and the decision whether it takes over."""
