"""Figures carried to today by what is known since the panel ended."""
