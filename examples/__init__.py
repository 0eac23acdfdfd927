"""Programs that use the API as a partner would, with the standard library alone."""
