"""What is to be made: the specification, typed parameters, grids, the notebook, its provenance."""
