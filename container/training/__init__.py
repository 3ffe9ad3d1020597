"""Training of the RNN: data, network, training, export, evaluation. Never part of the image."""

LABELS = ("anger", "disgust", "fear", "guilt", "joy", "sadness", "shame")  # a test holds them to the catalogue's
