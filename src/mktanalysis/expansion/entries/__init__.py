"""Which place next: what past openings say, how far it can be trusted, and why."""
