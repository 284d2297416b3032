"""Training a model of categories; needs the extra `train`, which nothing that serves imports."""
