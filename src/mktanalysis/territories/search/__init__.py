"""Search: a first cut, then annealing of the borders."""
