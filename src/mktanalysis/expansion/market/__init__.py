"""The market: the checked table of units, their neighbours, the ladder above them, capacity by year."""
