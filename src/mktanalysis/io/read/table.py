"""An analyst's own file to a checked table in base units, or all of its problems at once.

Always holds: nothing is guessed silently: what was left out or inferred is in ``table.attrs["notes"]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ...errors import MktError, Problems, TableError
from ...regions import RegionTree
from ...regions.names import clean_name, short_names
from ..fields import Kind, fields, kind_of
from ..sheets import Sheet, read_sheets
from .checks import check_layout, layout_notes
from .figures import SheetReader
from .former import check_former, odd_levels
from .grammar.layout import Layout, find_layout, is_guide
from .grammar.phrases import PhraseReader
from .grammar.when import parse_when
from .periods import DATED, PER_YEAR, Settling
from .plausible import check_bounds, check_magnitudes, check_totals
from .shapes import shape
from .sums import add_up, settle_upper

#: As the name of a sheet: all that hold a table.
ALL_SHEETS = "*"
_SUM_SHEETS = {"总表", "汇总表", "合计表", "全年汇总", "年度汇总", "summary"}
#: Kinds that ``auto`` chooses from, the more special first.
AUTO = ("sales", "volumes", "indicators", "targets", "penetration", "units")
AUTO += ("stores", "openings", "customers", "flows", "areas")


def read_table(
    path: str | Path,
    *,
    kind: str,
    tree: RegionTree,
    sheet: str | None = None,
    check_magnitude: bool = True,
    allow_negative: bool = False,
    sum_rows: bool = False,
    upper: str = "ask",
    price: float | None = None,
    every: str = "month",
) -> pd.DataFrame:
    """Read an analyst's own spreadsheet or CSV (读取自有数据).

    Understood are Chinese headers with their usual synonyms; units in the header (常住人口(万人)), in a row
    below it, in a column 单位, behind a figure, in the cell's format or in the title (单位：亿元); years as
    rows or as columns, months below years or beside them, running totals (累计); codes or names; full-width
    digits, thousands separators, —, …, NA and blanks as missing; title rows, notes, merged cells and rows
    that add up others (合计); rows by shop or day; one sheet a year. CSV in UTF-8, with BOM or without, or
    GB18030. What may mean two things is an error that says what to write.

    Parameters
    ----------
    path : str or Path
        .xlsx, .xlsm, .xls, .csv, .tsv or .txt.
    kind : str
        What the file holds: ``indicators`` of regions, own ``sales``, ``volumes`` (goods sold), market
        ``units`` for expansion, ``openings`` (opening dates of outlets), ``stores`` or dealers with name
        and class, ``customers`` by class, ``flows`` from where to where, ``targets`` (budgets, plans,
        floors and ceilings of any level), ``penetration`` rates, own market ``shares``, own sales ``areas``;
        ``auto`` says in the notes what the file was taken for.
    tree : RegionTree
    sheet : str, optional
        Name of the sheet; needed only if several hold a table and are not one a year. ``*`` joins all.
    check_magnitude : bool
        Refuse figures a thousand times off their own series, their neighbours or what is usual: nearly
        always a wrong unit. False lets a true outlier pass (三沙 has 2,333 inhabitants).
    allow_negative : bool
        Accept negative own figures (returns exceed sales).
    sum_rows : bool
        Add up rows of one region and period also where no column says how they differ.
    upper : {"ask", "total", "rest"}
        What a row of a region is that does not equal its parts in the same file: an error, their total
        (what is beyond them is kept), or what they leave.
    price : float, optional
        Yuan for each unit of goods: ``volumes`` are then returned as sales.
    every : {"month", "week", "day"}
        What dated rows of own sales or volumes are added up to; weeks begin on Monday, and those that the
        file does not cover whole at its ends are left out.

    Returns
    -------
    DataFrame
        ``indicators``: region, period, indicator, value, unit, status (``observed``), source (file name).
        ``sales``: region, period, value (yuan). ``volumes``: the same, value in ``attrs["unit"]``.
        ``units``: region and the columns found, among capacity, growth, own_share, n_rivals, rival_share,
        entry_cost, annual_cost ... in base units. ``openings``: region, period, a row an outlet.
        ``stores``: region, period (of opening), name, class. ``customers``: region, period, class, value.
        ``targets``: region, period and those of value, lower, upper that are there (yuan).
        ``penetration``, ``shares``: region, period, value (0-1). ``flows``: region (origin), center
        (destination), value. ``areas``: region, area. Sorted by region and period; gaps in a series are
        missing, series without any figure are left out. ``attrs["notes"]`` lists what was skipped or
        inferred; in a notebook it is printed.

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
    path = Path(path)
    sheets = read_sheets(path)
    told = []
    if kind == "auto":
        kind = _guess(sheets, tree, sheet, path.name)
        told = [f"按 {kind}（{kind_of(kind).title}）读取"]
    spec = kind_of(kind)
    phrases = _phrases(spec, tree)
    layouts, joined = _choose(sheets, phrases, sheet, path.name)
    problems = Problems(file=path.name, sheet=layouts[0].sheet.name if len(layouts) == 1 else "")
    readers = []
    parts = []
    for layout in layouts:
        reader = SheetReader(layout, spec, tree, problems, phrases)
        check_layout(layout, spec, problems)
        readers.append(reader)
        parts.append(reader.read().assign(sheet=layout.sheet.name))
    notes = told + joined + layout_notes(layouts) + [note for reader in readers for note in reader.notes]
    figures = _typed(pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0])
    is_total = figures["word"] != ""
    if every not in DATED:
        raise MktError(f"every 应为 {'、'.join(DATED)}，现为 {every!r}")
    settling = Settling(spec, problems, notes, layouts[0].first_row, negative=allow_negative, every=every)
    totals = _settled_totals(figures[is_total], spec, layouts[0].first_row)
    figures = _with_periods(
        settling.settle(figures[~is_total].reset_index(drop=True)), spec, layouts[0].first_row
    )
    counted = spec.measures and any(layout.having("figure") for layout in layouts)
    if figures.empty or (counted and figures["value"].isna().all()):
        if not len(problems):
            problems.add("没有任何数字：请在表头下面填写数据")
        problems.raise_any()
    check_former(figures, readers, tree, problems)
    notes += odd_levels(readers, tree)
    figures = add_up(figures, spec, problems, notes, sum_rows=sum_rows)
    sound = check_bounds(figures, spec, problems, allow_negative=allow_negative)
    if check_magnitude:
        check_magnitudes(sound, spec, tree, problems)
    _check_required(figures, layouts[0], spec, problems)
    if spec.own and spec.has_period and not spec.every_level and not len(problems):
        figures = settle_upper(figures, spec, tree, problems, notes, upper=upper)
    if len(problems):
        raise TableError(_sorted(problems))
    notes += check_totals(_placed(totals), figures, spec, tree)
    table = shape(figures, spec, tree, path.name, readers, price, notes)
    notes.insert(0, f"读入 {len(table):,} 行")
    table.attrs["notes"] = tuple(dict.fromkeys(notes))
    _tell_notebook(path.name, table.attrs["notes"])
    return table


def _tell_notebook(name: str, notes: tuple[str, ...]) -> None:
    """In a notebook, and so in a report, the notes stand below the cell that read the file."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        print("\n".join(f"说明（{name}）：{note}" for note in notes))


def _phrases(kind: Kind, tree: RegionTree) -> PhraseReader:
    names = {clean_name(name) for name in tree.table["name"]}
    short = {form for name in names for form in short_names(name)}
    return PhraseReader(kind, tree.levels, frozenset(name for name in names | short if len(name) > 1))


def _choose(
    sheets: list[Sheet], phrases: PhraseReader, name: str | None, file: str
) -> tuple[list[Layout], list[str]]:
    """The one sheet with a table, the one that is asked for, or all where each is a year or month of its
    own."""
    if name is not None:
        chosen = [sheet for sheet in sheets if sheet.name == name or name == ALL_SHEETS]
        if not chosen:
            raise MktError(f"{file}：没有工作表“{name}”，现有：{'、'.join(sheet.name for sheet in sheets)}")
    else:
        chosen = [sheet for sheet in sheets if not is_guide(sheet) and not sheet.hidden] or sheets
    found = [layout for sheet in chosen if (layout := find_layout(sheet, phrases))]
    useful = [layout for layout in found if layout.having("figure") or not phrases.kind.needs_figures]
    useful = [layout for layout in useful if len(layout.sheet.rows) > layout.first_row] or useful
    if len(useful) > 1:
        dated = [layout for layout in useful if _is_period(layout.sheet.name)]
        sums = [layout for layout in useful if clean_name(layout.sheet.name) in fields().totals | _SUM_SHEETS]
        if len(dated) > 1 and len(dated) + len(sums) == len(useful):
            names = "、".join(layout.sheet.name for layout in dated)
            left = [f"工作表“{layout.sheet.name}”没有读取：其余各表逐期都有" for layout in sums]
            _check_lost(sheets, [*dated, *sums], file)
            told = [f"{len(dated)} 张工作表按时期接在一起：{names}", *left]
            return dated, [*told, *_unread(sheets, [*dated, *sums])]
        if name == ALL_SHEETS:
            names = "、".join(layout.sheet.name for layout in useful)
            return useful, [f"{len(useful)} 张工作表接在一起：{names}", *_unread(sheets, useful)]
        names = "、".join(layout.sheet.name for layout in useful)
        raise MktError(
            f"{file}：有几张工作表都像数据表，请指明一张（sheet= 或命令行 --sheet）；"
            "若是一年一张，请把工作表都命名为年份；若各表地区不同，可全部接起来"
            f'（sheet="*" 或 --sheet "*"）：{names}'
        )
    if useful or len(found) == 1:
        only = (useful or found)[0]
        return [only], _unread(sheets, [only]) if name is None else []
    problems = Problems(file=file, sheet=chosen[0].name if len(chosen) == 1 else "")
    problems.add(
        "找不到表头：应有一行含地区列（地区、城市、县、省份或行政区划代码）和数据列；地区应各占一行（地区在列上时请先转置）"
    )
    problems.raise_any()
    raise AssertionError


def _check_lost(sheets: list[Sheet], read: list[Layout], file: str) -> None:
    """One more sheet named by a period, whose header is not understood, would be lost beside the others."""
    names = {layout.sheet.name for layout in read}
    lost = [s.name for s in sheets if s.name not in names and not s.hidden and _is_period(s.name)]
    if lost:
        raise MktError(
            f"{file}：工作表 {'、'.join(lost)} 也以时期命名，却看不出表头或数据列："
            "请写成与其余各表一样的表头，或改名、删去"
        )


def _unread(sheets: list[Sheet], read: list[Layout]) -> list[str]:
    """A note on sheets that hold something and were not read."""
    names = {layout.sheet.name for layout in read}
    left = [sheet for sheet in sheets if sheet.name not in names and not is_guide(sheet)]
    told = [f"{sheet.name}（隐藏）" if sheet.hidden else sheet.name for sheet in left]
    return [f"没有读取的工作表：{'、'.join(told)}"] if told else []


def _is_period(name: str) -> bool:
    try:
        parse_when(name)
    except ValueError:
        return False
    return True


def _guess(sheets: list[Sheet], tree: RegionTree, sheet: str | None, file: str) -> str:
    """The kind whose measures the headers name."""
    fits = {}
    for kind in AUTO:
        spec = kind_of(kind)
        phrases = _phrases(spec, tree)
        chosen = [s for s in sheets if (s.name == sheet if sheet else not is_guide(s) and not s.hidden)]
        layouts = [layout for s in chosen if (layout := find_layout(s, phrases))]
        named = sum(
            1
            for layout in layouts
            for head in layout.heads
            if head.measure and not head.unknown and not head.clash
        )
        if kind == "flows" and not any(layout.having("center") for layout in layouts):
            named = 0  # only its own columns tell a flow from a sale
        texts = sum(len(layout.having(*spec.texts)) > 0 for layout in layouts) if spec.texts else 0
        if kind == "openings" and not _has_any_figure(layouts):
            heads = [column.title for layout in layouts for column in layout.having("period")]
            named = sum(any(word in head for word in ("开业", "开店")) for head in heads)
        titled = sum(1 for layout in layouts if layout.titles.measure and not layout.titles.note)
        fits[kind] = (
            named
            + titled
            + (2 * texts if kind in ("stores", "areas") and not _has_any_figure(layouts) else 0)
        )
    if fits["sales"] and fits["sales"] == fits["targets"]:
        fits["targets"] = 0  # no word of it says plan
    best = max(fits.values(), default=0)
    chosen_kinds = [kind for kind, fit in fits.items() if fit == best]
    if best == 0 or len(chosen_kinds) > 1:
        names = "、".join(
            f"{kind}（{kind_of(kind).title}）" for kind in (chosen_kinds if best else fields().kinds)
        )
        raise MktError(f"{file}：看不出是哪种数据，请用 kind= 或命令行 --kind 指明一种：{names}")
    return chosen_kinds[0]


def _has_any_figure(layouts: Iterable[Layout]) -> bool:
    return any(layout.having("figure") for layout in layouts)


def _typed(figures: pd.DataFrame) -> pd.DataFrame:
    numbers = dict.fromkeys(("year", "first", "last", "day", "value", "factor"), "float64")
    flags = dict.fromkeys(("cumulative", "is_sum", "rest", "stated"), bool)
    return figures.astype(numbers | flags)


def _settled_totals(totals: pd.DataFrame, kind: Kind, header_row: int) -> pd.DataFrame:
    """Rows such as 合计: only for comparison, so their own problems are none of the analyst's."""
    if totals.empty:
        return totals.assign(freq="", ordinal=0, period=0, year=None, per_year=1, header_row=header_row)
    plain = totals[~totals["cumulative"]].reset_index(drop=True)
    settled = Settling(kind, Problems(), [], header_row, negative=True).settle(plain)
    return _with_periods(settled, kind, header_row)


def _with_periods(figures: pd.DataFrame, kind: Kind, header_row: int) -> pd.DataFrame:
    """Add columns period, year, per_year and header_row."""
    if not kind.has_period or figures.empty:
        return figures.assign(period=0, year=None, per_year=1, header_row=header_row)
    freq = figures["freq"].iloc[0]
    period = pd.PeriodIndex.from_ordinals(figures["ordinal"].astype("int64"), freq=freq)
    return figures.assign(period=period, year=period.year, per_year=PER_YEAR[freq], header_row=header_row)


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
        ["sheet", "row", "column", "problem"]
    )
    return table.sort_values("row", kind="stable", key=lambda s: s.fillna(0).astype(int), ignore_index=True)


def _placed(totals: pd.DataFrame) -> pd.DataFrame:
    """Total rows with the row of the total before each, for 小计."""
    rows = sorted(set(totals["row"]))
    before = dict(zip(rows, [0, *rows[:-1]], strict=True)) if rows else {}
    return totals.assign(after=totals["row"].map(before))
