"""Models of single series, computed for all series at once, and averages of them."""
