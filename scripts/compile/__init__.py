"""The steps that turn the source folder into the tables of ``data/``."""
