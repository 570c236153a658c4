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
    "translate": "regions",
    "lift_edges": "regions",
    "load_regions": "datasets",
    "load_scheme": "datasets",
    "crosswalk": "datasets",
    "load_edges": "datasets",
    "load_table": "datasets",
    "list_tables": "datasets",
    "check_data": "datasets",
    "load_indicators": "datasets",
    "read_table": "io",
    "write_template": "io",
    "write_csv": "io",
    "write_xlsx": "io",
    "make_market": "synthetic",
    "make_grid_market": "synthetic",
    "score_cities": "china",
    "score_regions": "tiering",
    "score_details": "tiering",
    "score_counties": "china",
    "list_rules": "tiering",
    "read_rules": "tiering",
    "explain_rules": "tiering",
    "tier_by_rules": "tiering",
    "load_tier_list": "datasets",
    "TierClusterer": "tiering",
    "compare_assignments": "tiering",
    "TierModel": "tiering",
    "tier_history": "tiering",
    "next_tiers": "tiering",
    "market_types": "tiering",
    "city_profile": "china",
    "HierarchicalForecaster": "forecasting",
    "load_panel": "china",
    "load_penetration": "china",
    "backtest": "forecasting",
    "score_forecasts": "forecasting",
    "detect_breaks": "forecasting",
    "compare_models": "forecasting",
    "compare_vintages": "planning",
    "fit_penetration": "capacity",
    "market_capacity": "capacity",
    "saturation_counts": "capacity",
    "headroom": "capacity",
    "harris_potential": "capacity",
    "fit_huff": "capacity",
    "huff_shares": "capacity",
    "allocate": "capacity",
    "decompose_growth": "planning",
    "apply_scenario": "planning",
    "plan_vs_actual": "planning",
    "seasonal_index": "planning",
    "split_target": "planning",
    "set_quotas": "planning",
    "Policy": "expansion",
    "market_units": "china",
    "plan_expansion": "expansion",
    "plan_strategy": "expansion",
    "compare_strategies": "expansion",
    "rank_entries": "expansion",
    "fit_entries": "expansion",
    "backtest_entries": "expansion",
    "diagnose_position": "expansion",
    "simulate_risk": "expansion",
    "choose_robust": "expansion",
    "strategy_sensitivity": "expansion",
    "continue_policy": "expansion",
    "compare_plans": "expansion",
    "workload": "expansion",
    "p_median": "expansion",
    "max_cover": "expansion",
    "coverage": "expansion",
    "run_report": "reports",
    "run_batch": "reports",
    "publish_table": "reports",
    "publish_figure": "reports",
    "say": "reports",
    "verify_reports": "reports",
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
    "china",
)
_ROOMS += ("style", "maps", "charts", "reports")
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str):
    if name in _ROOMS:
        return _import_module(f".{name}", __name__)
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(f".{_PUBLIC[name]}", __name__), name)


def __dir__():
    return sorted([*__all__, *_ROOMS])
