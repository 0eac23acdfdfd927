"""Valid things for tests, made by functions with overrides."""
