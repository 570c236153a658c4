"""City tiers, regional capacity and expansion paths for China's regional markets.

``import mktanalysis as mkt`` is light: a public name loads its module when it is first used, so that a
command that only lists tables never waits for scikit-learn, statsmodels or matplotlib.
"""

from importlib import import_module as _import_module

__version__ = "0.1.0"

#: Public name -> the module that holds it. The order is that of the work: regions, data, tiers, ...
_PUBLIC = {
    "MktError": "errors",
    "TableError": "errors",
    "UnknownNameError": "errors",
    "InfeasibleError": "errors",
    "RegionTree": "regions",
    "resolve_names": "regions",
    "load_regions": "datasets",
    "load_table": "datasets",
    "list_tables": "datasets",
    "load_edges": "datasets",
    "load_crosswalk": "datasets",
    "load_scheme": "datasets",
    "load_tier_list": "datasets",
    "load_panel": "china",
    "load_breaks": "china",
    "read_table": "io",
    "overlay": "io",
    "write_template": "io",
    "write_csv": "io",
    "write_xlsx": "io",
    "score_regions": "tiering",
    "TierClusterer": "tiering",
    "TierModel": "tiering",
    "tier_by_rules": "tiering",
    "compare_assignments": "tiering",
    "HierarchicalForecaster": "forecasting",
    "backtest": "forecasting",
    "score_forecasts": "forecasting",
    "set_quotas": "planning",
    "market_units": "china",
    "expansion_market": "expansion",
    "Policy": "expansion",
    "Assumptions": "expansion",
    "Search": "expansion",
    "plan_expansion": "expansion",
    "compare_strategies": "expansion",
    "simulate_risk": "expansion",
    "rank_entries": "expansion",
    "fit_entries": "expansion",
    "TerritoryDesigner": "territories",
    "design_territories": "territories",
    "present": "reports",
    "say": "reports",
    "publish_figure": "reports",
    "run_report": "reports",
    "run_batch": "reports",
}
#: Names of version 0.1.0 that left the front door: they answer with a warning for one version.
_MOVED = {
    "regions": "translate lift_edges",
    "datasets": "crosswalk=load_crosswalk check_data load_indicators",
    "synthetic": "make_market make_grid_market",
    "china": "score_cities score_counties city_profile load_penetration",
    "tiering": (
        "score_details=score_regions list_rules read_rules explain_rules tier_history next_tiers market_types"
    ),
    "forecasting": "detect_breaks compare_models",
    "planning": (
        "compare_vintages decompose_growth apply_scenario plan_vs_actual seasonal_index split_target"
    ),
    "capacity": (
        "fit_penetration market_capacity saturation_counts headroom harris_potential fit_huff "
        "huff_shares allocate"
    ),
    "expansion": (
        "plan_strategy backtest_entries diagnose_position choose_robust strategy_sensitivity "
        "continue_policy compare_plans workload p_median max_cover coverage=supply_coverage"
    ),
    "reports": "publish_table verify_reports",
}
#: The rooms, for what is not used every day: ``mkt.tiering.list_rules()``.
_ROOMS = (
    "regions",
    "datasets",
    "io",
    "synthetic",
    "tiering",
    "forecasting",
    "capacity",
    "expansion",
    "planning",
    "territories",
    "china",
)
_ROOMS += ("words", "style", "maps", "charts", "stories", "reports", "study")
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str):
    if name in _ROOMS:
        return _import_module(f".{name}", __name__)
    if name in _PUBLIC:
        return getattr(_import_module(f".{_PUBLIC[name]}", __name__), name)
    from ._moved import moved_names

    return moved_names(__name__, _MOVED, depth=3)(name)


def __dir__():
    return sorted([*__all__, *_ROOMS])
