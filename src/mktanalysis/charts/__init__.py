"""Charts: tables in, a matplotlib figure with Chinese labels and a source line out.

Always holds: a chart computes nothing that a table should hold, and changes none of the tables it is given.
One module per part of the work: ``regions``, ``tiers``, ``forecast``, ``expansion``; each is imported when a name of it is first used.
"""
