"""An analyst's own file to a checked table in base units, or all of its problems at once.

Always holds: nothing is guessed silently: what was left out or inferred is in ``table.attrs["notes"]``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import MktError, Problems, TableError
from ..regions import RegionTree
from ..schemas import INDICATORS, PANEL, check_table
from .fields import Kind, kind_of
from .figures import SheetReader, base_unit
from .layout import Layout, find_layout, is_guide
from .plausible import above_others, check_bounds, check_magnitudes, check_totals
from .sheets import Sheet, read_sheets

_PER_YEAR = {"Y": 1, "Q": 4, "M": 12}


def read_table(
    path: str | Path, *, kind: str, tree: RegionTree, sheet: str | None = None, check_magnitude: bool = True
) -> pd.DataFrame:
    """Read an analyst's own spreadsheet or CSV (读取自有数据).

    Understood are Chinese headers with their usual synonyms; units in the header (常住人口(万人)), in a row
    below it, in a column 单位, behind a figure or in the title (单位：亿元); years as rows or as columns;
    codes or names; full-width digits, thousands separators, —, …, NA and blanks as missing; title rows,
    notes, merged cells and rows that add up others (合计). CSV in UTF-8, with BOM or without, or GB18030.

    Parameters
    ----------
    path : str or Path
        .xlsx, .xlsm, .xls, .csv, .tsv or .txt.
    kind : {"indicators", "sales", "units", "openings", "targets", "penetration"}
        What the file holds: indicators of regions, own sales, market units for expansion, opening dates of
        outlets, targets (budgets, plans, floors and ceilings of any level), or penetration rates.
    tree : RegionTree
    sheet : str, optional
        Name of the sheet; needed only if several hold a table.
    check_magnitude : bool
        Refuse figures a thousand times off their own series, their neighbours or what is usual: nearly
        always a wrong unit. False lets a true outlier pass (三沙 has 2,333 inhabitants).

    Returns
    -------
    DataFrame
        ``indicators``: region, period, indicator, value, unit, status (``observed``), source (file name).
        ``sales``: region, period, value (yuan). ``units``: region and the columns found, among capacity,
        growth, own_share, n_rivals, rival_share, entry_cost, annual_cost ... in base units. ``openings``:
        region, period, a row an outlet. ``targets``: region, period and those of value, lower, upper that
        are there (yuan). ``penetration``: region, period, value (0-1). Sorted by region and period; gaps in
        a series are missing, series without any figure are left out. ``attrs["notes"]`` lists what was
        skipped or inferred.

    Raises
    ------
    TableError
        Every problem, with file, sheet, row (as the spreadsheet counts) and column header.
    MktError
        The file cannot be opened at all.

    Examples
    --------
    >>> import tempfile
    >>> from mktanalysis.synthetic import make_market
    >>> tree = make_market(random_state=0).tree
    >>> file = Path(tempfile.mkdtemp()) / "own.csv"
    >>> lines = ["城市,2022年销售额(万元),2023年", '甲1市,120,"1,350"', "甲 2,—,80"]
    >>> _ = file.write_text("\\n".join(["单位：万元", *lines]), "gb18030")
    >>> read_table(file, kind="sales", tree=tree)
       region period       value
    0  110100   2022   1200000.0
    1  110100   2023  13500000.0
    2  110200   2022         NaN
    3  110200   2023    800000.0
    """
    spec = kind_of(kind)
    path = Path(path)
    layout = _choose(read_sheets(path), spec, tree, sheet, path.name)
    problems = Problems(file=path.name, sheet=layout.sheet.name)
    reader = SheetReader(layout, spec, tree, problems)
    _check_layout(layout, spec, problems)
    figures = _with_periods(reader.read(), spec, problems, layout.first_row)
    is_total = figures["word"] != ""
    totals = figures[is_total]
    figures = figures[~is_total]
    if figures.empty or (spec.measures and figures["value"].isna().all()):
        if not len(problems):
            problems.add("没有任何数字：请在表头下面填写数据")
        problems.raise_any()
    _check_duplicates(figures, spec, problems)
    sound = check_bounds(figures, spec, problems)
    if check_magnitude:
        check_magnitudes(sound, spec, tree, problems)
    _check_required(figures, layout, spec, problems)
    if len(problems):
        raise TableError(_sorted(problems))
    notes = reader.notes + check_totals(_placed(totals, is_total), figures, spec, tree)
    table = _shape(figures, spec, tree, path.name, notes)
    table.attrs["notes"] = tuple(notes)
    return table


def _choose(sheets: list[Sheet], kind: Kind, tree: RegionTree, name: str | None, file: str) -> Layout:
    """The one sheet with a table, or the one that is asked for."""
    if name is not None:
        chosen = [sheet for sheet in sheets if sheet.name == name]
        if not chosen:
            raise MktError(f"{file}：没有工作表“{name}”，现有：{'、'.join(sheet.name for sheet in sheets)}")
    else:
        chosen = [sheet for sheet in sheets if not is_guide(sheet) and not sheet.hidden] or sheets
    found = [layout for sheet in chosen if (layout := find_layout(sheet, kind, tree.levels))]
    useful = [layout for layout in found if layout.having("figure") or not kind.measures]
    if len(useful) > 1:
        names = "、".join(layout.sheet.name for layout in useful)
        raise MktError(f"{file}：有几张工作表都像数据表，请用 sheet= 指明一张：{names}")
    if useful or len(found) == 1:
        return (useful or found)[0]
    problems = Problems(file=file, sheet=chosen[0].name if len(chosen) == 1 else "")
    problems.add("找不到表头：应有一行含地区列（地区、城市、县、省份或行政区划代码）和数据列；地区应各占一行")
    problems.raise_any()
    raise AssertionError


def _check_layout(layout: Layout, kind: Kind, problems: Problems) -> None:
    """Columns that must be there, and none twice."""
    row = layout.first_row
    figures = layout.having("figure")
    if kind.measures and not figures:
        labels = "、".join(measure.label for measure in kind.measures)
        seen = f"；不认识的列：{'、'.join(layout.ignored)}" if layout.ignored else ""
        problems.add(f"没有一列是可用的数据，应有：{labels}{seen}", row=row)
    named = bool(layout.having("indicator"))
    for column in figures:
        if column.measure is None and not named:
            problems.add(
                "看不出是哪项数据：请在列名中写明，如“社会消费品零售总额(亿元)”", row=row, column=column.title
            )
    keys = [(c.measure.name, c.period) for c in figures if c.measure and not named]
    for i, (column, key) in enumerate(zip([c for c in figures if c.measure], keys, strict=False)):
        if key in keys[:i]:
            problems.add("与前面一列是同一项数据", row=row, column=column.title)
    own_time = layout.having("period", "month", "quarter")
    timed = own_time or all(c.period for c in figures) or layout.period
    if kind.has_period and (figures or not kind.measures) and not (timed and (figures or own_time)):
        problems.add("没有时期：请加一列“年份”，或在列名中写年份，如“2023年”", row=row)
    placed = layout.having("code", "level", "place")
    places = [(column.role, column.level) for column in placed]
    for i, column in enumerate(placed):
        if places[i] in places[:i]:
            text = "有两列同是这一级的地区；若是左右并排的两块表，请接成上下一块"
            problems.add(text, row=row, column=column.title)


def _with_periods(figures: pd.DataFrame, kind: Kind, problems: Problems, header_row: int) -> pd.DataFrame:
    """Add columns period, year, per_year and header_row; periods of two kinds are a problem."""
    figures = figures[(figures["freq"] != "") | (not kind.has_period)].reset_index(drop=True)
    freqs = list(dict.fromkeys(figures["freq"]))
    if len(freqs) > 1:
        main = figures["freq"].mode()[0]
        words = {"Y": "年", "Q": "季", "M": "月"}
        odd = figures["freq"] != main
        whole = odd.groupby(figures["column"]).transform("all")
        for row in figures[odd & whole].drop_duplicates("column").itertuples():
            text = f"时期应全部按{words[main]}，这一列按{words[row.freq]}；合计列请删除"
            problems.add(text, row=header_row, column=row.column)
        for row in figures[odd & ~whole].drop_duplicates("row").itertuples():
            problems.add(
                f"时期应全部按{words[main]}，这里按{words[row.freq]}", row=row.row, column=row.column
            )
        figures = figures[figures["freq"] == main].reset_index(drop=True)
    freq = figures["freq"].iloc[0] if len(figures) else "Y"
    if not kind.has_period:
        return figures.assign(period=0, year=None, per_year=1, header_row=header_row)
    period = pd.PeriodIndex.from_ordinals(figures["ordinal"].astype("int64"), freq=freq)
    return figures.assign(period=period, year=period.year, per_year=_PER_YEAR[freq], header_row=header_row)


def _check_duplicates(figures: pd.DataFrame, kind: Kind, problems: Problems) -> None:
    if not kind.measures:
        return
    keys = ["region", "period", "measure"]
    more = "；明细请先按地区和时期合计" if kind.name == "sales" else ""
    first = figures.groupby(keys)["row"].transform("first")
    again = figures.assign(first=first)[figures["row"] != first]
    for row in again.itertuples():
        text = f"与第 {row.first} 行重复（同一地区、同一时期）{more}"
        problems.add(text, row=row.row, column=row.column, value=row.region)


def _check_required(figures: pd.DataFrame, layout: Layout, kind: Kind, problems: Problems) -> None:
    """Figures that a row of this kind cannot do without (the capacity of a market unit)."""
    for measure in kind.measures:
        if not measure.required or kind.has_period:
            continue
        mine = figures[figures["measure"] == measure.name]
        if mine.empty:
            problems.add(f"缺少这一列：{measure.label}", row=layout.first_row)
        told = {(p["row"], p["column"]) for p in problems.rows}
        for row in mine[mine["value"].isna()].itertuples():
            if (row.row, row.column) not in told and (row.header_row, row.column) not in told:
                problems.add("不能为空", row=row.row, column=row.column)


def _sorted(problems: Problems) -> pd.DataFrame:
    table = pd.DataFrame(problems.rows, columns=list(TableError.COLUMNS), dtype=object).drop_duplicates(
        ["row", "column", "problem"]
    )
    return table.sort_values("row", kind="stable", key=lambda s: s.fillna(0).astype(int), ignore_index=True)


def _placed(totals: pd.DataFrame, is_total: pd.Series) -> pd.DataFrame:
    """Total rows with the row of the total before each, for 小计."""
    rows = sorted(set(totals["row"]))
    before = dict(zip(rows, [0, *rows[:-1]], strict=True)) if rows else {}
    return totals.assign(after=totals["row"].map(before))


def _shape(
    figures: pd.DataFrame, kind: Kind, tree: RegionTree, source: str, notes: list[str]
) -> pd.DataFrame:
    """The table of each kind."""
    figures = figures.assign(region=figures["region"].astype("str"))
    if kind.measures and kind.has_period:  # a region without any figure is not there; gaps in a series stay
        figures = figures[figures.groupby(["region", "measure"])["value"].transform("count") > 0]
    if kind.name == "openings":
        return figures.sort_values(["region", "period"], ignore_index=True)[["region", "period"]]
    if kind.name == "units":
        wide = figures.pivot(index="region", columns="measure", values="value")
        order = [measure.name for measure in kind.measures if measure.name in wide.columns]
        return wide[order].rename_axis(columns=None).reset_index()
    if kind.name == "targets":
        wide = figures.pivot(index=["region", "period"], columns="measure", values="value")
        order = [measure.name for measure in kind.measures if measure.name in wide.columns]
        return wide[order].rename_axis(columns=None).sort_index().reset_index()
    if kind.name == "penetration":
        panel = figures.sort_values(["region", "period"], ignore_index=True)
        return check_table(panel[["region", "period", "value"]], PANEL)
    if kind.name == "sales":
        upper = above_others(figures["region"], tree)
        if upper.any():
            names = tree.names(figures["region"][upper])
            notes.append(f"上级地区的合计没有读入：{'、'.join(names.unique())}")
            sums = figures[upper].assign(word=names.to_numpy(), scope=figures["region"][upper], after=0)
            notes += check_totals(sums, figures[~upper], kind, tree)
        panel = figures[~upper].sort_values(["region", "period"], ignore_index=True)
        return check_table(panel[["region", "period", "value"]], PANEL)
    units = {measure.name: base_unit(measure) for measure in kind.measures}
    long = figures.rename(columns={"measure": "indicator"})
    long = long.assign(unit=long["indicator"].map(units), status="observed", source=source)
    columns = [column.name for column in INDICATORS.columns]
    return check_table(
        long.sort_values(["region", "period", "indicator"], ignore_index=True)[columns], INDICATORS
    )
