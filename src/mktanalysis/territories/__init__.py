"""Territories."""
