"""Which figures are in force: published, an analyst's own, carried to today."""
