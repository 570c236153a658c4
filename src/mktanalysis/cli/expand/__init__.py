"""The command ``expand`` and what stands below it: a path from a base area, and where history leads next."""

from .path import register

__all__ = ["register"]
