"""``mktanalysis territories``: design, re-align, coverage by centre, macro-regions compared."""

from .commands import register

__all__ = ["register"]
