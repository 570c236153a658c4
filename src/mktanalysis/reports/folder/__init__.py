"""The output folder: what is kept in it, its index, the tables of all reports, printing."""
