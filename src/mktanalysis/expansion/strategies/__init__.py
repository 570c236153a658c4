"""Named strategies on the same market, and what the conclusions depend on."""
