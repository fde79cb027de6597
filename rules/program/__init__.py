"""`program.yaml` and templates: what a merchant says of its shop, read and checked."""
