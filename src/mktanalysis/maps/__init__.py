"""Maps of China with its borders as published: assignments, figures, paths, and a small SVG for pages."""

from .classes import classify
from .draw import plot_map, plot_maps, plot_path
from .geometry import project
from .svg import province_svg

__all__ = ["classify", "plot_map", "plot_maps", "plot_path", "project", "province_svg"]
