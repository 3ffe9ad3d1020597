"""The service: what runs in the container. Training lives beside it in training/ and never gets into the image."""
