"""Square: API, JSON and errors; only this folder knows the fields of its JSON."""
