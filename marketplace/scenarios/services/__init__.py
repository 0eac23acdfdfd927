"""The use cases of award scenarios."""
