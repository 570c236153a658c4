"""``mktanalysis expand next``: which place next, learnt from past openings."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..own import own_table, uses_figures

Level = Enum("Level", {name: name for name in ("county", "prefecture")}, type=str)

History = Annotated[
    Path, typer.Option("--file", help="开店记录（csv 或 xlsx）：地区、开店日期或年份、家数（可无）")
]
At = Annotated[
    Level | None, typer.Option(help="按县（county）还是按市（prefecture）看，默认看记录写到哪一级")
]
Within = Annotated[str | None, typer.Option(help="只看这个地区之内：代码或名称，默认全国")]
Year = Annotated[int | None, typer.Option(help="看哪一年，默认最后一次进入的次年")]
Count = Annotated[
    float | None, typer.Option("--openings", min=0.1, help="一年进入几个地区，默认近三年的平均")
]
Ahead = Annotated[int, typer.Option("--years", min=1, max=20, help="概率算到第几年")]
Rows = Annotated[int, typer.Option("--rows", "-n", min=1, help="列出前几名")]
Leave = Annotated[list[int], typer.Option(help="不计入拟合的年份（如整批收购的一年）；可写多次")]
To = Annotated[Path | None, typer.Option(help="写成 .csv（只有名次表）或 .xlsx（全部表格）")]


def register(group: typer.Typer) -> None:
    """Add the command to the group ``expand``."""
    group.command("next")(uses_figures(next_places))


def next_places(
    file: History,
    level: At = None,
    within: Within = None,
    year: Year = None,
    openings: Count = None,
    years: Ahead = 1,
    rows: Rows = 20,
    leave_out: Leave = [],  # noqa: B006  typer wants a plain list and never changes it
    to: To = None,
) -> None:
    """下一步去哪里：从自己或对手过去的开店记录学出规律，排出名次、概率和理由，并说明可信到什么程度。

    例：mktanalysis expand next --file 开店记录.xlsx --within 河南省 --to 下一步.xlsx

    例：mktanalysis expand next --file 对手开店.xlsx --years 5 --to 对手去向.xlsx
    """
    import mktanalysis as mkt
    from mktanalysis.china import entry_inputs
    from mktanalysis.expansion import fit_entries
    from mktanalysis.presentation import present

    from ..output import check_target, tell, write_tables

    check_target(to)
    tree = mkt.load_regions()
    area = mkt.resolve_names([within], tree).iloc[0] if within else None
    given = own_table(file, kind="openings", tree=tree)
    inputs = entry_inputs(given, level=level.value if level else None, within=area)
    model = fit_entries(**inputs.tables(), leave_out=tuple(leave_out))
    for note in (*inputs.notes, *model.notes):
        typer.echo(f"说明：{note}", err=True)
    table = model.next(rows, year=year, n_openings=openings)
    review, trust = _review(inputs, leave_out)
    shown = present(table, tree=tree, title="下一步去哪里", rows=rows, units={"potential": "yuan"})
    tell(shown)
    if to is not None:
        more = {
            "各地概率": model.probability(year=year, n_openings=openings, years=years),
            "距离与潜力的作用": model.curves(),
            "系数": model.table,
        }
        if review is not None:
            more |= {
                "排序的检验": review.methods,
                "概率与实际": review.calibration,
                "按距离": review.by_distance,
                "按潜力": review.by_potential,
            }
        pages = {title: present(part, tree=tree, title=title) for title, part in more.items()}
        write_tables(to, {"下一步去哪里": shown, **pages})
    typer.echo(_basis(model, inputs, year))
    for sentence in trust:
        typer.echo(f"可信度：{sentence}")


def _review(inputs, leave_out):
    """The backtest and what it says; a history too short for one says so."""
    from mktanalysis.errors import MktError
    from mktanalysis.expansion import review_entries

    try:
        review = review_entries(**inputs.tables(), leave_out=tuple(leave_out))
    except MktError as error:
        return None, (f"{error}；名次主要来自缺省权重（潜力与距离），请当作参考",)
    return review, review.trust


def _basis(model, inputs, year: int | None) -> str:
    """What was learnt from, and for which year the list is."""
    unit = "县" if inputs.level == "county" else "市"
    first = model.history.periods
    asked = int(model.next_year if year is None else year)
    dated = "各年" if inputs.level == "prefecture" else "今天的"
    entered = int((model.history.first == model.history.first).sum())  # nan is not itself
    return (
        f"依据：{first[0]:.0f}–{first[-1]:.0f} 年进入的 {entered} 个{unit}，"
        f"其中 {model.n_openings} 次用于拟合；"
        f"潜力为{dated}社会消费品零售额；所列为 {asked} 年的概率"
    )
