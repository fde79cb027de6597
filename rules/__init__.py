"""A marketer's rules: model, registries, loader, engine and checks."""
