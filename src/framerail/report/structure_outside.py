"""What each side has without the deal, and the bargain over tranche schedules, as told."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from framerail.report.console_table import console_table, spaced
from framerail.report.spread import share, spread
from framerail.report.table_kind import SPREAD_COLUMNS, spread_row
from framerail.report.words import dollars, millions, percent
from framerail.studies import Structures
from framerail.studies.tranche_schedule import Bargain

SOLUTIONS = {
    "nash": "Nash",
    "kalai_smorodinsky": "Kalai-Smorodinsky",
    "ultimatum_incumbent": "ultimatum of the incumbent",
    "ultimatum_start_up": "ultimatum of the start-up",
}
"""Bargaining solutions by field, as named."""


def _sides(found: Structures) -> Iterator[tuple[str, str, np.ndarray, bool]]:
    """Side, option, its values over the usable draws, and whether it is the side's best."""
    if found.outside is None:
        return
    partners = found.scenario.deal.partners
    names = (partners.incumbent.name, partners.start_up.name)
    for party, options in enumerate((found.outside.incumbent, found.outside.start_up)):
        best = found.outside.best(party)[0]
        for name, values in options.items():
            yield names[party], name, values[found.usable], name == best


def outside_verdict(found: Structures) -> str:
    """What walking away leads to, as the end of a clause; empty where nothing was valued."""
    if found.outside is None:
        return ""
    name, value = found.outside.best(0)
    told = f" ({dollars(value)})" if value else ""
    return f" and {name}{told}" if found.accept is None else f", against {name}{told}"


def schedule_verdict(found: Structures) -> list[str]:
    """The tranche schedule found, and whether any suits both sides."""
    if found.bargain is None or found.outside is None:
        return []
    made, partners = found.bargain, found.scenario.deal.partners
    start_up = partners.start_up.name
    name, value = found.outside.best(1)
    told = f"Outside the deal {start_up}'s best is to {_as_verb(name)}"
    told += f" ({dollars(value)} for its holders). " if value else ". "
    told += (
        f"{made.agreeable} of {len(made.offers)} tranche schedules leave both sides at least as "
        "well off as outside. "
    )
    if made.best is None:
        return [f"{told}{start_up} would sign none of them."]
    mine, theirs = (dollars(float(x)) for x in made.best.gain)
    return [
        f"{told}Of those that {start_up} would sign, the best for {partners.incumbent.name} pays "
        f"{made.best.label}: {mine} and {theirs}; the largest joint gain has "
        f"{made.joint.label}: {dollars(float(made.joint.gain.sum()))} for both."
    ]


def _as_verb(option: str) -> str:
    return option if option == "carry on" else f"take: {option}"


def outside_console(found: Structures) -> list[Table]:
    """Tables of the terminal; none where nothing was valued."""
    if found.outside is None or found.bargain is None:
        return []
    made = console_table(
        "Without the deal, $ million over doing nothing or carrying on",
        "", "mean", "10%", "90%", "error", "gains in", "",
    )  # fmt: skip
    for side, name, values, best in _sides(found):
        band = spread(values)
        error = values.std() / np.sqrt(max(values.size, 1))
        cells = (millions(x) for x in (band.mean, band.p10, band.p90, error))
        made.add_row(f"{side}: {name}", *cells, percent(band.positive), "best" if best else "")
    return [spaced(made), _schedules(found, found.bargain), _solutions(found, found.bargain)]


def _schedules(found: Structures, made: Bargain) -> Table:
    partners = found.scenario.deal.partners
    table = console_table(
        "Tranche schedules, $ million: the efficient ones, mean gain over no deal",
        "paid (tests apart)", partners.incumbent.name, "error", partners.start_up.name, "error",
        "both",
    )  # fmt: skip
    efficient = np.asarray(made.over_outside.efficient)
    chosen = [one for one, kept in zip(made.offers, efficient, strict=True) if kept]
    step = max(1, -(-len(chosen) // 12))
    for one in sorted(chosen, key=lambda each: -float(each.gain[0]))[::step]:
        cells = (one.gain[0], one.error[0], one.gain[1], one.error[1], one.gain.sum())
        table.add_row(one.label, *(millions(float(x)) for x in cells))
    return spaced(table)


def _solutions(found: Structures, made: Bargain) -> Table:
    partners = found.scenario.deal.partners
    table = console_table(
        "Bargain over these schedules, $ million over no deal", "", "agreeable",
        partners.incumbent.name, partners.start_up.name,
    )  # fmt: skip
    for against, solution, exists, gain in solution_rows(made):
        cells = (millions(float(x)) for x in gain)
        table.add_row(f"{solution}, against {against}", "yes" if exists else "no", *cells)
    return spaced(table)


def solution_rows(made: Bargain) -> Iterator[tuple[str, str, bool, np.ndarray]]:
    """What it is measured against, solution, whether anything is agreeable, both gains over no
    deal; where nothing is agreeable, the pair whose worse side loses least."""
    cases = {
        "doing nothing": (made.over_nothing, np.zeros(2)),
        "outside options": (made.over_outside, made.disagreement),
    }
    for against, (solved, added) in cases.items():
        for field, name in SOLUTIONS.items():
            gain = np.asarray(getattr(solved, field)) + added
            yield against, name, bool(solved.exists), gain


def _outside(found: Structures) -> Iterator[tuple[Any, ...]]:
    for side, name, values, best in _sides(found):
        yield side, name, values.size, *spread_row(values), share(values > 0), best


def _offers(found: Structures) -> Iterator[tuple[Any, ...]]:
    if found.bargain is None:
        return
    made = found.bargain
    efficient = np.asarray(made.over_outside.efficient)
    for place, one in enumerate(made.offers):
        agreed = bool(np.all(one.gain >= made.disagreement))
        for tranche in one.tranches:
            yield (
                place, tranche.name, tranche.face, tranche.date, *map(float, one.gain),
                *map(float, one.error), bool(efficient[place]), agreed,
            )  # fmt: skip


def _bargains(found: Structures) -> Iterator[tuple[Any, ...]]:
    if found.bargain is not None:
        for against, solution, exists, gain in solution_rows(found.bargain):
            yield against, solution, exists, *map(float, gain)


OUTSIDE_TABLES = {
    "outside": (
        _outside,
        {
            "side": "partner",
            "option": "what it does without the deal",
            "draws": "usable draws",
            **SPREAD_COLUMNS,
            "share_positive": "share of usable draws above zero",
            "best": "whether it is the side's best in expectation",
        },
    ),
    "tranches": (
        _offers,
        {
            "schedule": "number of the tranche schedule",
            "tranche": "upfront license, or name of the milestone",
            "face": "dollars",
            "date": "earliest date of payment, decimal year",
            "incumbent_gain": "expected gain over no deal, dollars",
            "start_up_gain": "the same of the start-up",
            "incumbent_error": "standard error of the incumbent's gain",
            "start_up_error": "standard error of the start-up's gain",
            "efficient": "whether no other schedule is better for both",
            "agreeable": "whether neither side does better outside",
        },
    ),
    "bargain": (
        _bargains,
        {
            "against": "what the sides have without agreement",
            "solution": "bargaining solution over the schedules",
            "agreeable": "whether any schedule suits both; if not, the least bad one stands",
            "incumbent_gain": "over no deal, dollars",
            "start_up_gain": "over no deal, dollars",
        },
    ),
}
"""Tables by name: rows, and columns with their meaning; see `structure_tables.TABLES`."""
