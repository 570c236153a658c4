"""Dealers: class by yearly volume, framework by city tier, density per prefecture, breaches, blank places.

Always holds: every dealer appears in the result with a status; thresholds that the company has not given are
quantiles and say so; a place that the tree does not know is an error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError, TableError
from ..words.render import named


def class_thresholds(
    volumes: pd.Series, *, classes: tuple[str, ...] = ("A", "B", "C"), shares=(0.2, 0.3, 0.5)
) -> pd.Series:
    """Thresholds of dealer classes from the dealers' own volumes, where the company has none (分类门槛).

    Parameters
    ----------
    volumes : Series
        Yearly volume of each dealer, yuan.
    classes : tuple of str
        Best first.
    shares : tuple of float
        Share of the dealers in each class; sums to 1.

    Returns
    -------
    Series
        Index class, values the least volume, yuan; the last class starts at 0. ``attrs["basis"]`` is
        ``quantiles``: a ranking of these dealers, not a standard.

    Examples
    --------
    >>> class_thresholds(pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])).tolist()
    [9.0, 6.0, 0.0]
    """
    if len(classes) != len(shares) or abs(sum(shares) - 1) > 1e-9:
        raise MktError("各类占比应与类别一一对应，合计为 1")
    ordered = volumes.sort_values(ascending=False).to_numpy()
    last = np.maximum(np.round(np.cumsum(shares)[:-1] * len(ordered)).astype(int), 1) - 1
    thresholds = pd.Series([*ordered[last], 0.0], index=pd.Index(classes, name="class"))
    thresholds.attrs["basis"] = "quantiles"
    return thresholds


def classify_dealers(
    dealers: pd.DataFrame,
    tiers: pd.Series,
    tree,
    *,
    thresholds: pd.Series,
    framework: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Class, framework and gap of each dealer (经销商分类与经营框架).

    Parameters
    ----------
    dealers : DataFrame
        Columns dealer, region, volume (yearly, yuan).
    tiers : Series
        Index region, the tier of its city; a county's dealer takes the tier of the prefecture above it.
    tree : RegionTree
    thresholds : Series
        Index class, best first, the least yearly volume, yuan; the last is usually 0.
    framework : DataFrame, optional
        Index tier, columns class: the framework's name; missing or empty where the tier does not admit the
        class. Without it dealers have a class and nothing to be held against.

    Returns
    -------
    DataFrame
        Columns dealer, region, tier, volume, class, framework (of the class held, "" if none), least_class
        (lowest that the tier admits), gap (least volume of that class less volume, yuan; 0 if reached),
        status (``ok``, ``must_move_up``: below all admitted classes, ``exceeds``: above them, ``unclassed``:
        below every class), basis (``thresholds`` or ``quantiles``).

    Raises
    ------
    TableError
        A dealer in a place the tree does not know, missing or negative volume.
    MktError
        A place without a tier, a tier without a row in `framework`, thresholds that do not fall.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a"], "name": ["N", "a"],
    ...     "level": ["nation", "city"], "parent": [None, "N"]}))
    >>> frame = pd.DataFrame({"A": ["旗舰"], "B": ["标准"], "C": [None]}, index=["一线"])
    >>> dealers = pd.DataFrame({"dealer": ["甲"], "region": ["a"], "volume": [4e5]})
    >>> steps = pd.Series({"A": 5e6, "B": 1e6, "C": 0.0})
    >>> one = classify_dealers(dealers, pd.Series({"a": "一线"}), tree, thresholds=steps, framework=frame)
    >>> one[["class", "least_class", "gap", "status"]].values.tolist()
    [['C', 'B', 600000.0, 'must_move_up']]
    """
    _check_dealers(dealers, tree)
    least = thresholds.astype(float)
    if least.index.has_duplicates or not (least.diff().dropna() < 0).all() or (least < 0).any():
        raise MktError("经销商分类门槛应从高到低排列，不重复、不为负")
    if framework is None:
        rows = [(_class_of(volume, least), "", "", np.nan, "no_framework") for volume in dealers["volume"]]
        return _assembled(dealers, _tier_of(dealers["region"], tiers, tree), rows, thresholds)
    if set(framework.columns) != set(least.index):
        have = "、".join(map(str, framework.columns))
        raise MktError(f"经营框架的类别（{have}）应与分类门槛（{'、'.join(least.index)}）一致")
    allowed = framework[list(least.index)].notna() & (framework[list(least.index)] != "")
    if not allowed.any(axis=1).all():
        raise MktError(
            f"没有任何可用类别的城市级别：{'、'.join(map(str, allowed.index[~allowed.any(axis=1)]))}"
        )
    tier = _tier_of(dealers["region"], tiers, tree)
    unknown = sorted(set(map(str, tier.unique())) - set(map(str, framework.index)))
    if unknown:
        raise MktError(f"经营框架没有这些城市级别：{'、'.join(unknown)}")
    rows = [
        _placed(row.volume, at, least, framework, allowed)
        for row, at in zip(dealers.itertuples(), tier, strict=True)
    ]
    return _assembled(dealers, tier, rows, thresholds)


def dealer_classes(
    dealers: pd.DataFrame,
    tiers: pd.Series,
    tree,
    thresholds: pd.Series | None = None,
    framework: pd.DataFrame | None = None,
) -> pd.DataFrame | None:
    """Classes of a list of dealers as far as the company's rules are known (经销商分类，缺规则也能分).

    Parameters
    ----------
    dealers : DataFrame
        Columns dealer, region and, if known, volume (yuan a year).
    tiers, tree, framework
        As for :func:`classify_dealers`.
    thresholds : Series, optional
        Default quantiles of these dealers, in as many classes as the framework has, and said so.

    Returns
    -------
    DataFrame or None
        As from :func:`classify_dealers`; None without dealers or without volumes.

    Examples
    --------
    >>> dealer_classes(pd.DataFrame({"dealer": ["甲"], "region": ["a"]}), pd.Series(dtype=str), None) is None
    True
    """
    if not len(dealers) or "volume" not in dealers:
        return None
    if thresholds is None and framework is None:
        thresholds = class_thresholds(dealers["volume"])
    elif thresholds is None:
        names = tuple(framework.columns)
        thresholds = class_thresholds(dealers["volume"], classes=names, shares=(1 / len(names),) * len(names))
    return classify_dealers(dealers, tiers, tree, thresholds=thresholds, framework=framework)


def _assembled(dealers: pd.DataFrame, tier: pd.Series, rows: list, thresholds: pd.Series) -> pd.DataFrame:
    held = pd.DataFrame(rows, columns=["class", "framework", "least_class", "gap", "status"])
    front = dealers[["dealer", "region", "volume"]].reset_index(drop=True)
    front.insert(2, "tier", tier.to_numpy())
    basis = thresholds.attrs.get("basis", "thresholds")
    return named(pd.concat([front, held], axis=1).assign(basis=basis), "dealers")


def _class_of(volume: float, least: pd.Series) -> str:
    """The best class that a volume reaches, "" below every one."""
    return next((str(name) for name, floor in least.items() if volume >= floor), "")


def _placed(volume: float, tier, least: pd.Series, framework: pd.DataFrame, allowed: pd.DataFrame) -> tuple:
    """Class, framework, lowest admitted class, gap, status of one dealer."""
    classes = list(least.index)
    reached = [i for i, name in enumerate(classes) if volume >= least[name]]
    admitted = [i for i, name in enumerate(classes) if allowed.loc[tier, name]]
    lowest = admitted[-1]
    gap = max(least[classes[lowest]] - volume, 0.0)
    if not reached:
        return "", "", classes[lowest], gap, "unclassed"
    at = reached[0]
    name = framework.loc[tier, classes[at]] if at in admitted else ""
    status = "must_move_up" if at > lowest else "exceeds" if at < admitted[0] else "ok"
    return classes[at], name, classes[lowest], gap, status


def _tier_of(regions: pd.Series, tiers: pd.Series, tree) -> pd.Series:
    """The tier of each region or of the nearest region above it that has one."""
    found = regions.map(tiers.astype(object))
    parent = tree.table.set_index("region")["parent"]
    at = regions
    for _ in tree.levels:
        at = at.map(parent)
        found = found.where(found.notna(), at.map(tiers.astype(object)))
    missing = regions[found.isna()].unique()
    if len(missing):
        raise MktError(f"没有城市级别的地区：{'、'.join(tree.names(missing[:20]))}")
    return found


def _check_dealers(dealers: pd.DataFrame, tree) -> None:
    missing = [name for name in ("dealer", "region", "volume") if name not in dealers]
    if missing:
        raise MktError(f"经销商表缺少列：{'、'.join(missing)}")
    problems = []
    for row in dealers.itertuples():
        if row.region not in tree:
            problems.append(_problem(row.dealer, "region", row.region, "地区代码不在地区树中"))
        if not row.volume >= 0:
            problems.append(_problem(row.dealer, "volume", row.volume, "年销量应为非负数（缺失不是 0）"))
    if problems:
        raise TableError(pd.DataFrame(problems))


def _problem(dealer, column: str, value, text: str) -> dict:
    return {"row": dealer, "column": column, "value": value, "problem": text}


def dealer_density(
    dealers: pd.DataFrame,
    tree,
    *,
    wanted: int = 2,
    level: str = "prefecture",
    capacity: pd.Series | None = None,
    within: str | None = None,
) -> pd.DataFrame:
    """First-level dealers of every prefecture against the wanted number (经销商密度).

    Parameters
    ----------
    dealers : DataFrame
        Columns dealer, region and, if known, rank (``first`` or ``second``; default all first). A dealer
        of several places has several rows.
    tree : RegionTree
    wanted : int
        First-level dealers a place; the source's two a prefecture.
    level : str
        Level of the places.
    capacity : Series, optional
        Index region at `level`, yuan: blank places are ranked by it.
    within : str, optional
        Only the places below this region.

    Returns
    -------
    DataFrame
        Every place: columns region, n_dealers (first-level), status (``blank``, ``short``, ``kept``,
        ``crowded``), capacity, priority (1 is the blank place with the largest capacity; missing for others
        or without capacity); blank places first.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a", "b"], "name": ["N", "a", "b"],
    ...     "level": ["nation", "prefecture", "prefecture"], "parent": [None, "N", "N"]}))
    >>> dealers = pd.DataFrame({"dealer": ["甲", "乙"], "region": ["a", "a"]})
    >>> dealer_density(dealers, tree)[["region", "n_dealers", "status"]].values.tolist()
    [['b', 0, 'blank'], ['a', 2, 'kept']]
    """
    tree.locate(dealers["region"])
    first = _first_level(dealers)
    up = tree.parents(level, first["region"]).to_numpy()
    pairs = pd.DataFrame({"dealer": first["dealer"].to_numpy(), "place": up}).dropna().drop_duplicates()
    counts = pairs["place"].value_counts()
    part = tree if within is None else tree.subtree(within)
    table = pd.DataFrame({"region": part.level(level)})
    count = table["region"].map(counts).fillna(0).astype(int)
    status = np.select([count == 0, count < wanted, count == wanted], ["blank", "short", "kept"], "crowded")
    size = table["region"].map(capacity) if capacity is not None else np.nan
    table = table.assign(n_dealers=count, status=status, capacity=size)
    blank = table["status"] == "blank"
    rank = table["capacity"].where(blank).rank(ascending=False, method="first")
    table = table.assign(priority=rank.astype("Int64"))
    order = table["status"].map({"blank": 0, "short": 1, "crowded": 2, "kept": 3})
    ordered = table.assign(order=order).sort_values(
        ["order", "priority", "region"], ignore_index=True, na_position="last"
    )
    return named(ordered[["region", "n_dealers", "status", "capacity", "priority"]], "dealer_density")


def dealer_breaches(dealers: pd.DataFrame, tree, *, level: str = "prefecture") -> pd.DataFrame:
    """First-level dealers whose area is wider than one prefecture: no general dealer of a province (越级).

    Parameters
    ----------
    dealers : DataFrame
        As for :func:`dealer_density`.
    tree : RegionTree
    level : str

    Returns
    -------
    DataFrame
        One row a breach: columns dealer, regions (codes, joined by 、), n_places (places at `level` covered),
        breach (``above_level``: appointed for a province or more, ``several_places``).
    """
    tree.locate(dealers["region"])
    position = tree.level_position(level)
    rows = []
    for dealer, group in _first_level(dealers).groupby("dealer", sort=True):
        levels = [tree.level_position(name) for name in tree.level_of(group["region"])]
        places = set()
        for region, at in zip(group["region"], levels, strict=True):
            wide = (
                tree.subtree(region).level(level)
                if at < position
                else [tree.parents(level, [region]).iloc[0]]
            )
            places.update(wide)
        kind = "above_level" if min(levels) < position else "several_places" if len(places) > 1 else ""
        if kind:
            regions = "、".join(sorted(set(group["region"])))
            rows.append({"dealer": dealer, "regions": regions, "n_places": len(places), "breach": kind})
    return named(pd.DataFrame(rows, columns=["dealer", "regions", "n_places", "breach"]), "dealer_breaches")


def _first_level(dealers: pd.DataFrame) -> pd.DataFrame:
    if "rank" not in dealers:
        return dealers
    unknown = sorted(set(dealers["rank"].dropna()) - {"first", "second"})
    if unknown or dealers["rank"].isna().any():
        raise MktError(
            f"rank 应为 first（一级）或 second（二级），现有：{'、'.join(map(str, unknown)) or '缺失'}"
        )
    return dealers[dealers["rank"] == "first"]
