"""Which assumptions a company's own history can replace, and which it cannot (experimental)."""
