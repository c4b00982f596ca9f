"""Square: its API, its JSON, its refusals. Nothing outside this folder knows their fields."""
