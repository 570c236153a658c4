"""Proof: lower bounds of travel, exact optima of small problems, smallest reachable tolerances."""
