"""Holidays for weekly and daily figures: an own table of days, or those of China.

Always holds: the table of China reaches from the first figure to the last forecast; of an own table that ends
before the forecast it is told.
"""

from __future__ import annotations

from pathlib import Path

import typer

_HEADERS = {
    "name": ("节日", "节假日", "名称", "name"),
    "date": ("日期", "date"),
    "before": ("前", "前几天", "提前", "before"),
    "after": ("后", "后几天", "延后", "after"),
}


def with_holidays(model, panel, horizon: int, file: Path | None):
    """The model, looking at weekly or daily figures without the year and the holidays."""
    from mktanalysis.forecasting import Calendar, load_holidays

    first = panel["period"].min().start_time.year
    last = (panel["period"].max() + horizon).end_time.year
    events = load_holidays(first, last) if file is None else read_holidays(file)
    if file is None:
        how = "--holidays 换表，--no-spring 关闭"
        typer.echo(f"说明：已考虑 {first}—{last} 年的中国法定节假日（{how}）", err=True)
    else:
        ahead = events["date"].max() < (panel["period"].max() + 1).start_time
        told = "；表中没有今后的日期，预测期内当作没有节日" if ahead else ""
        typer.echo(f"说明（{file.name}）：读入 {len(events)} 个节日的日期{told}", err=True)
    return Calendar(model, events=events)


def read_holidays(file: Path):
    """Table of an own file: name, date and, where given, before and after (days).

    Raises
    ------
    TableError
        All rows that are no holiday: without a name, with a date or a number of days that is none.
    """
    import pandas as pd

    from mktanalysis.errors import Problems
    from mktanalysis.io.sheets import read_sheets

    sheet = read_sheets(file)[0]
    problems = Problems(file=file.name, sheet=sheet.name)
    head = [str(cell or "").strip().lower() for cell in (sheet.rows[0] if sheet.rows else [])]
    places = {
        field: next((head.index(word) for word in words if word in head), None)
        for field, words in _HEADERS.items()
    }
    if places["name"] is None or places["date"] is None:
        problems.add("第一行应有列 节日、日期，可另有 前、后（前后各影响几天）", row=1)
        problems.raise_any()
    rows = []
    for number, cells in enumerate(sheet.rows[1:], 2):
        found = {field: _cell(cells, place) for field, place in places.items()}
        if not any(found.values()):
            continue
        day = pd.to_datetime(found["date"], errors="coerce")
        if not found["name"]:
            problems.add("缺少节日名称", row=number, column="节日")
        if pd.isna(day):
            problems.add("应为日期，如 2026-02-17", row=number, column="日期", value=found["date"])
        reach = {}
        for field, label in (("before", "前"), ("after", "后")):
            text = found[field] or "0"
            reach[field] = pd.to_numeric(text, errors="coerce")
            if not 0 <= reach[field] <= 60 or reach[field] % 1:
                problems.add("应为 0 到 60 的整数（天）", row=number, column=label, value=text)
        rows.append({"name": found["name"], "date": day, **reach})
    if not rows and not len(problems):
        problems.add("没有任何节日", row=2)
    problems.raise_any()
    return pd.DataFrame(rows)


def _cell(cells: list, place: int | None) -> str:
    if place is None or place >= len(cells) or cells[place] is None:
        return ""
    return str(cells[place]).strip()
