"""The manager edits: moves by hand, a new solution around them, and several designs side by side.

Always holds: what the manager fixed stays; everything else moves only where the conditions ask for it; an
impossible wish is answered by the smallest relaxation found.
"""

from __future__ import annotations

import pandas as pd

from ..errors import InfeasibleError, MktError
from ..words.render import named
from .conditions import met_apart
from .design import design_territories
from .plan import TerritoryPlan
from .today import realign


def edit_plan(
    plan: TerritoryPlan,
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree=None,
    *,
    moves: dict[str, str],
    keep: tuple[str, ...] = (),
    random_state: int | None = 0,
) -> TerritoryPlan:
    """Move units by hand, fix territories, and let the rest follow with as few moves as possible.

    Parameters
    ----------
    plan : TerritoryPlan
    units, edges, tree
        Those of the plan.
    moves : dict
        Unit -> territory it shall belong to.
    keep : tuple of str
        Territories that stay as they are (after the moves).
    random_state : int or None

    Returns
    -------
    TerritoryPlan
        ``moves`` against the plan given.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcdef"), "capacity": 1.0, "x": range(6), "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abcde"), "neighbor": list("bcdef")})
    >>> plan = design_territories(units, edges, n=2, measures={"capacity": 0.4})
    >>> edited = edit_plan(plan, units, edges, moves={"c": plan.assignment["d"]})
    >>> edited.assignment["c"] == plan.assignment["d"], len(edited.moves)
    (True, 1)
    """
    known = set(plan.assignment)
    if unknown := sorted({name for name in (*moves.values(), *keep) if name not in known}):
        raise MktError(f"没有这些片区：{'、'.join(unknown)}；现有：{'、'.join(sorted(map(str, known)))}")
    if lost := [code for code in moves if code not in plan.assignment.index]:
        raise MktError(f"没有这些单元：{'、'.join(lost)}")
    wishes = plan.conditions
    locks = {code: name for code, name in plan.assignment.items() if name in keep and code not in moves}
    locks |= moves
    given = {
        name: getattr(wishes, name)
        for name in ("measures", "weight", "within", "together", "apart", "effort")
    }  # seats keep their territories by their locks
    locks |= {seat: moves.get(seat, plan.assignment[seat]) for seat in wishes.seats}
    people = plan.territories.set_index("territory")["heads"]
    return realign(
        units, edges, plan.assignment, tree, people=people, random_state=random_state, locks=locks, **given
    )


def compare_designs(
    designs: dict[str, TerritoryPlan], units: pd.DataFrame, *, today: pd.Series | None = None
) -> pd.DataFrame:
    """Several designs of the same units, one row each.

    Parameters
    ----------
    designs : dict
        Name -> TerritoryPlan.
    units : DataFrame
    today : Series, optional
        region -> territory: moves are counted against it (matched so that they are least).

    Returns
    -------
    DataFrame
        design, n_territories, n_out, worst_deviation, travel (weighted mean), radius (largest), gap, n_moved,
        moved_share.
    """
    from .plan import match_names, move_table

    rows = []
    for name, plan in designs.items():
        (measure, *_) = plan.conditions.measures
        load = plan.territories[measure]
        row = {
            "design": name,
            "n_territories": len(plan.territories),
            "n_out": plan.figures["n_out"],
            "worst_deviation": plan.figures["worst_deviation"],
            "travel": float((plan.territories["travel"] * load).sum() / load.sum()),
            "radius": float(plan.territories["radius"].max()),
            "gap": plan.gap,
        }
        moves = plan.moves
        if today is not None:
            matched = match_names(plan.assignment, today, units, measure)
            moves = move_table(matched, today, units, plan.conditions)
        share = float(moves[measure].sum() / units[measure].sum()) if len(moves) else 0.0
        rows.append({**row, "n_moved": len(moves), "moved_share": share})
    return named(pd.DataFrame(rows), "designs")


def smallest_relaxation(units, edges, tree=None, *, n: int, random_state: int | None = 0, **conditions):
    """What to loosen where a design leaves territories out of their band (最小放宽).

    Each wish is dropped alone, and the tolerance is widened to what a design reaches that keeps all wishes.

    Parameters
    ----------
    units, edges, tree, n, random_state, **conditions
        As `design_territories`.

    Returns
    -------
    DataFrame
        condition, given, needed: any one of the rows makes the rest possible (found, not proven least); empty
        where all conditions can be kept.
    """
    columns = ["condition", "given", "needed"]
    base = {"effort": 0.5, "nodes": 0, **conditions}
    measures = base.pop("measures", {"capacity": 0.1})

    def out(wishes: dict) -> bool:
        try:
            plan = design_territories(
                units, edges, tree, n=n, measures=measures, random_state=random_state, **wishes
            )
        except InfeasibleError:
            return True
        return plan.figures["n_out"] > 0 or bool(met_apart(plan.assignment, plan.conditions))

    if not out(base):
        return pd.DataFrame(columns=columns)
    rows = [_tolerance_row(units, edges, tree, {"n": n, **base}, measures)]
    for field in ("locks", "together", "apart", "seats"):
        wishes = base.get(field, ())
        for wish in list(wishes):
            kept = (
                {k: v for k, v in wishes.items() if k != wish}
                if field == "locks"
                else tuple(w for w in wishes if w != wish)
            )
            if not out({**base, field: kept}):
                text = f"{wish}→{wishes[wish]}" if field == "locks" else str(wish)
                rows.append({"condition": field, "given": text, "needed": "取消这一条"})
    return named(pd.DataFrame([row for row in rows if row], columns=columns), "relaxation")


def _tolerance_row(units, edges, tree, wishes: dict, measures: dict):
    """The tolerance of the first measure that a design with all wishes keeps, by doubling and halving."""
    (first, given), *_ = measures.items()
    low = given
    high = given

    def works(tolerance: float) -> bool:
        try:
            plan = design_territories(units, edges, tree, measures={**measures, first: tolerance}, **wishes)
        except InfeasibleError:
            return False
        return plan.figures["n_out"] == 0 and not met_apart(plan.assignment, plan.conditions)

    for _ in range(8):
        high = max(2 * high, 0.01)
        if works(high):
            break
        low = high
    else:
        return None
    for _ in range(5):
        middle = (low + high) / 2
        if works(middle):
            high = middle
        else:
            low = middle
    return {"condition": f"容差 {first}", "given": given, "needed": round(high, 4)}
