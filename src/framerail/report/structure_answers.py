"""Term by term, freedom by freedom, and how far the talks are: tables of `framerail structures`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from framerail.deal import closing_path
from framerail.report.console_table import console_table, spaced
from framerail.report.words import at_path, dollars, label, millions, percent
from framerail.studies import Structures
from framerail.studies.structure_freedoms import MORE_COST, SPREAD, stop_map
from framerail.studies.structure_terms import TERMS, Lever, declared, is_date

STAGES = ("talks", "term sheet", "definitive agreement", "closed")
"""Stages of the talks, in the order of `deal.closing_path`."""


def lever_verdict(found: Structures) -> list[str]:
    """Which terms move value between the partners and which make or destroy it."""
    if not found.levers:
        return []
    by_kind = {
        kind: [one for one in found.levers if one.kind == kind]
        for kind in ("moves", "destroys", "creates")
    }
    told = [
        f"{_told(max(ones, key=_size))} {word}"
        for kind, word in (
            ("moves", "moves most between the partners"),
            ("destroys", "destroys most for the two together"),
            ("creates", "creates most"),
        )
        if (ones := by_kind[kind])
    ]
    counts = ", ".join(f"{len(ones)} {kind}" for kind, ones in by_kind.items() if ones)
    return [f"Of {len(found.levers)} terms, one step up: {counts}; {'; '.join(told)}."]


def _size(one: Lever) -> float:
    return one.moved if one.kind == "moves" else abs(one.joint)


def _told(one: Lever) -> str:
    return f"{label(TERMS + one.path)} ({_step(one)}: {dollars(_size(one))})"


def _step(one: Lever) -> str:
    """A step as people say it."""
    if is_date(one.path):
        return f"{one.step * 12:+.0f} months"
    unit = declared(one.path)[2]
    if unit == "dimensionless":
        return f"{100 * one.step:+.0f} points"
    if unit == "year":
        return f"{one.step * 12:+.0f} months"
    return "+" + at_path(TERMS + one.path, one.step)


def answer_tables(found: Structures) -> list[Table]:
    """Tables of the terminal; those that were not computed are left out."""
    made = [_levers(found)] if found.levers else []
    if found.flexibility:
        made += [_freedoms(found), _stop_map(found)]
    return [*made, _talks(found)]


def _levers(found: Structures) -> Table:
    partners = found.scenario.deal.partners
    table = console_table(
        "Terms, one step up each: change of the mean gain, $ million; * a step (up or down)\n"
        "that no other single step beats for one partner without costing the other",
        "", "step", partners.incumbent.name, partners.start_up.name, "both", "others", "value",
    )  # fmt: skip
    for one in found.levers:
        amounts = (one.up[0], one.up[1], one.joint, one.up[2])
        mark = "*" if one.frontier else ""
        table.add_row(
            f"{label(TERMS + one.path)}{mark}", _step(one),
            *(millions(float(x)) for x in amounts), one.kind,
        )  # fmt: skip
    return spaced(table)


def _freedoms(found: Structures) -> Table:
    incumbent = found.scenario.deal.partners.incumbent.name
    own = found.names[0]
    table = console_table(
        f"Freedoms under the scenario's own terms: worth to {incumbent}, $ million",
        "", "worth", "error", "",
    )  # fmt: skip
    wait = found.waiting[own]
    table.add_row(
        "wait three weeks, with the books", millions(wait.worth), millions(wait.error), ""
    )
    for one in found.stopping[own]:
        when = "abandon once it has failed" if one.after_failure else "abandon in any year"
        name = f"{when}, exit cost {dollars(one.exit_cost)}"
        table.add_row(name, millions(one.worth), millions(one.error), "")
    for one in found.flexibility:
        name = one.name + (f", for {dollars(MORE_COST)}" if one.name.startswith("expand") else "")
        told = "at most" if one.bound else ""
        table.add_row(name, millions(one.worth), millions(one.error), told)
    return spaced(table)


def _stop_map(found: Structures) -> Table:
    start_up = found.scenario.deal.partners.start_up.name
    table = console_table(
        "When to stop, own terms, no exit cost: by last year's cash (percentile)",
        "", *(f"{text}, {at}%" for text in (f"{start_up} lives", "failed") for at in SPREAD),
    )  # fmt: skip
    cells: dict[int, dict[tuple[bool, int], str]] = {}
    for row in stop_map(found.of(found.names[0]), _years(found)):
        told = "stop" if row.stop else "go on"
        cells.setdefault(row.year, {})[row.failed, row.percentile] = told
    for year, known in cells.items():
        if len(set(known.values())) < 2 and year > 2030:
            continue  # the calendar's end says nothing new
        table.add_row(
            str(year), *(known.get((failed, at), "") for failed in (False, True) for at in SPREAD)
        )
    return spaced(table)


def _talks(found: Structures) -> Table:
    talks = found.scenario.deal.talks
    path = closing_path(talks)
    table = console_table(
        f"Talks, now at: {talks.stage}", "", "chance to get there", "closes from there",
        "ends there",
    )  # fmt: skip
    for place, stage in enumerate(STAGES):
        figures = (path.reached, path.closes, path.talks_fail)
        table.add_row(stage, *(percent(float(each[place])) for each in figures))
    return spaced(table)


def _years(found: Structures) -> np.ndarray:
    return np.asarray(found.scenario.start_of_quarter)[::4]


def _lever_rows(found: Structures) -> Iterator[tuple[Any, ...]]:
    for one in found.levers:
        yield (
            TERMS + one.path, one.value, declared(one.path)[2], one.step, *map(float, one.up),
            one.joint, *map(float, one.down), *map(float, one.error), one.moved, one.kind,
            "up" in one.frontier, "down" in one.frontier,
        )  # fmt: skip


def _freedom_rows(found: Structures) -> Iterator[tuple[Any, ...]]:
    for one in found.flexibility:
        yield one.name, one.worth, one.error, one.bound


def _map_rows(found: Structures) -> Iterator[tuple[Any, ...]]:
    if found.flexibility:
        for row in stop_map(found.of(found.names[0]), _years(found)):
            yield row.year, row.failed, row.percentile, row.last_cash, row.stop


def _talk_rows(found: Structures) -> Iterator[tuple[Any, ...]]:
    talks = found.scenario.deal.talks
    path = closing_path(talks)
    for place, stage in enumerate(STAGES):
        yield (
            stage, stage == talks.stage, float(path.reached[place]), float(path.closes[place]),
            float(path.talks_fail[place]),
        )  # fmt: skip


ANSWER_TABLES = {
    "levers": (
        _lever_rows,
        {
            "term": "path in the scenario",
            "value": "mean over the draws",
            "unit": "of value and step",
            "step": "size of one step",
            "incumbent_up": "change of the incumbent's mean gain after a step up, dollars",
            "start_up_up": "the same of the start-up",
            "others_up": "the same of everybody else together",
            "joint_up": "both partners together",
            "incumbent_down": "after a step down",
            "start_up_down": "the same of the start-up",
            "others_down": "the same of everybody else together",
            "incumbent_error": "standard error of incumbent_up",
            "start_up_error": "of start_up_up",
            "joint_error": "of joint_up",
            "moved": "what the step up takes from one partner and gives to the other",
            "kind": "moves, creates or destroys value between the partners, or nothing",
            "efficient_up": "whether no other single step beats the step up for one partner "
            "without costing the other",
            "efficient_down": "the same of the step down",
        },
    ),
    "freedoms": (
        _freedom_rows,
        {
            "freedom": "what the incumbent may do later; to wait and to stop have tables of "
            "their own",
            "worth": "to the incumbent under the scenario's own terms, dollars",
            "error": "standard error",
            "bound": "whether it supposes the draw known before the choice",
        },
    ),
    "stop_map": (
        _map_rows,
        {
            "year": "at whose start the incumbent may stop, for no exit cost",
            "failed": "whether the start-up has failed by then",
            "percentile": "of last year's cash among such paths",
            "last_cash": "last year's cash from the deal, present value in dollars",
            "stop": "whether the fitted rule stops",
        },
    ),
    "talks": (
        _talk_rows,
        {
            "stage": "of the talks",
            "now": "whether the talks are there",
            "reached": "chance of getting there from now",
            "closes": "chance of closing from there",
            "ends": "chance that the talks end there",
        },
    ),
}
"""Tables by name: rows, and columns with their meaning; see `structure_tables.TABLES`."""
