"""`framerail zone`: the zone of agreement in any two terms of the scenario's term sheet."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from framerail.deal import Point
from framerail.report.checkpoint import program_store
from framerail.report.console_table import console_table, spaced
from framerail.report.structure_axes import read_axes
from framerail.report.words import (
    at_path,
    dollars,
    label,
    meaning,
    millions,
    percent,
    sentence,
    unit_name,
)
from framerail.report.zone_figure import TermAxis, zone_figure
from framerail.scenario_file import read_scenario
from framerail.studies import Progress
from framerail.studies.structure_terms import (
    Axis,
    TermZone,
    declared,
    drawn_sheets,
    term_zone,
)

SHOWN = 7
"""Values of a term that the terminal has room for."""
FILES = ("zone.csv", "zone.html", "zone.txt")
SOLUTIONS = {
    "nash": "Nash",
    "kalai_smorodinsky": "Kalai-Smorodinsky",
    "incumbent_best": "best for {0} that {1} accepts",
    "start_up_best": "best for {1} that {0} accepts",
}
"""Bargaining solutions by field of `deal.Zone`, as named."""


def run_zone(
    name: str,
    terms: tuple[str, str],
    overrides: Sequence[str] = (),
    *,
    draws: int,
    points: int = SHOWN,
    seed: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> TermZone:
    """Search two terms of a scenario's term sheet; with `out`, write a table, a map and a text.

    Raises:
        ScenarioError: as `read_scenario` and `read_axes`.
        OSError: when `out` cannot be written; found before anything is computed.
        ValueError: where no draw is usable.
    """
    scenario = read_scenario(name, overrides)
    first, second = read_axes(scenario, terms, points, name)
    if out is not None:
        Path(out).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    seed = scenario.about.seed if seed is None else seed
    sheets = drawn_sheets(scenario, draws, seed, program_store(), progress)
    found = term_zone(sheets, first, second, seed)
    if out is not None:
        write_zone(found, out)
    return found


def write_zone(found: TermZone, folder: str | Path) -> None:
    """`zone.csv`, `zone.html` and `zone.txt`: written beside their place, then moved into it."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".zone-") as unfinished:
        work = Path(unfinished)
        zone_table(found).to_csv(work / "zone.csv", index=False, lineterminator="\n")
        with (work / "zone.txt").open("w", encoding="utf-8") as stream:
            Console(file=stream, width=80, color_system=None).print(zone_summary(found))
        zone_map(found).write_html(work / "zone.html", include_plotlyjs=True)
        for file in FILES:
            os.replace(work / file, Path(folder) / file)


def zone_table(found: TermZone) -> pd.DataFrame:
    """One row per pair: both terms in their units, gains over no deal in dollars."""
    zone = found.zone
    first, second = np.meshgrid(found.first.values, found.second.values, indexing="ij")
    marks = {
        key: _is_at(found, getattr(zone, key)) & bool(zone.exists or key == "nash")
        for key in SOLUTIONS
    }
    return pd.DataFrame(
        {
            found.first.place: first.ravel(),
            found.second.place: second.ravel(),
            "incumbent_gain": np.asarray(zone.incumbent_gain).ravel(),
            "start_up_gain": np.asarray(zone.start_up_gain).ravel(),
            "joint_gain": found.joint.ravel(),
            "incumbent_error": found.error[..., 0].ravel(),
            "start_up_error": found.error[..., 1].ravel(),
            "both_gain": np.asarray(zone.agreeable).ravel(),
            "efficient": found.efficient.ravel(),
            **{key: mark.ravel() for key, mark in marks.items()},
        }
    )


def _is_at(found: TermZone, point: Point) -> np.ndarray:
    """Where a solution lies on the grid."""
    first = found.first.values == float(point.upfront)
    second = found.second.values == float(point.royalty)
    return first[:, None] & second[None, :]


def _names(found: TermZone) -> tuple[str, str]:
    partners = found.scenario.deal.partners
    return partners.incumbent.name, partners.start_up.name


def _short(axis: Axis) -> str:
    return label(axis.place)


def _value(axis: Axis, value: Any) -> str:
    return at_path(axis.place, float(value))


def verdict(found: TermZone) -> str:
    """Whether any pair suits both, and which."""
    zone, (incumbent, start_up) = found.zone, _names(found)
    ends = [
        f"{_short(axis)} from {_value(axis, axis.values[0])} to {_value(axis, axis.values[-1])}"
        for axis in (found.first, found.second)
    ]
    best = np.unravel_index(int(np.argmax(found.joint)), found.joint.shape)
    most = (
        f"Their joint gain is largest, {dollars(float(found.joint[best]))}, at "
        f"{_value(found.first, found.first.values[best[0]])} and "
        f"{_value(found.second, found.second.values[best[1]])}."
    )
    point = zone.nash
    at = f"{_value(found.first, point.upfront)} and {_value(found.second, point.royalty)}"
    gains = (
        f"{incumbent} {dollars(float(point.incumbent_gain))} and "
        f"{start_up} {dollars(float(point.start_up_gain))}"
    )
    over, told = f"over {' and '.join(ends)}", f"{at}, brings {gains}. {most}"
    if not bool(zone.exists):
        return f"No pair leaves both better off on average, {over}; the least bad, {told}"
    part = percent(float(np.mean(np.asarray(zone.agreeable))))
    return f"Both gain on average on {part} of the pairs {over}; the Nash point, {told}"


def zone_summary(found: TermZone) -> Group:
    """The answer, who gains where, the joint gain, and the solutions; 80 columns."""
    about = [
        f"{_short(axis)}: {sentence(meaning(axis.place))}" for axis in (found.first, found.second)
    ]
    note = (
        f"Mean gains over no deal, every other input as drawn; solutions lie on the grid. "
        f"{found.usable:,} of {found.draws:,} draws usable, seed {found.seed}."
    )
    return Group(
        Text(found.scenario.about.title, style="bold"),
        Text(""),
        Padding(Text(verdict(found)), (0, 0, 1, 0)),
        Padding(Text("\n".join(about), style="dim"), (0, 0, 1, 0)),
        _who_gains(found),
        _joint(found),
        _solutions(found),
        Text(note, style="dim"),
    )


def _grid(found: TermZone, heading: str, cells: np.ndarray) -> Table:
    """A table of pairs, thinned to what the terminal has room for."""
    rows, columns = (
        np.unique(np.linspace(0, axis.values.size - 1, min(axis.values.size, SHOWN)).round())
        .astype(int) for axis in (found.first, found.second)
    )  # fmt: skip
    heads = [_value(found.second, found.second.values[j]) for j in columns]
    table = console_table(f"{heading}\n{_short(found.first)} down, {_short(found.second)} across",
                          "", *heads)  # fmt: skip
    for i in rows:
        table.add_row(
            _value(found.first, found.first.values[i]), *(str(cells[i, j]) for j in columns)
        )
    return spaced(table)


def _who_gains(found: TermZone) -> Table:
    incumbent, start_up = _names(found)
    first = np.asarray(found.zone.incumbent_gain) >= 0.0
    second = np.asarray(found.zone.start_up_gain) >= 0.0
    cells = np.select([first & second, first, second], ["both", incumbent, start_up], "-")
    marked = np.where(found.efficient, np.char.add(cells.astype(str), "*"), cells)
    return _grid(found, "Who gains (* no other pair is better for one and as good for the other)",
                 marked)  # fmt: skip


def _joint(found: TermZone) -> Table:
    told = np.vectorize(lambda value: millions(float(value)), otypes=[object])(found.joint)
    return _grid(found, "Joint gain of both partners, $ million", told)


def _solutions(found: TermZone) -> Table:
    names = _names(found)
    table = console_table(
        "Bargaining solutions, gains in $ million", "", _short(found.first), _short(found.second),
        *names, "both",
    )  # fmt: skip
    if not bool(found.zone.exists):
        rows = {"nash": "least bad for the worse-off side"}
    else:
        rows = {key: text.format(*names) for key, text in SOLUTIONS.items()}
    for key, text in rows.items():
        point: Point = getattr(found.zone, key)
        gains = (float(point.incumbent_gain), float(point.start_up_gain))
        table.add_row(
            text, _value(found.first, float(point.upfront)),
            _value(found.second, float(point.royalty)), *map(millions, (*gains, sum(gains))),
        )  # fmt: skip
    return spaced(table)


def zone_map(found: TermZone) -> Any:
    """The map of the report's zone, in these two terms."""
    zone = found.zone
    best = "even (Nash) split" if bool(zone.exists) else "least bad for the worse-off side"
    marks = [(float(zone.nash.upfront), float(zone.nash.royalty), "star", best)]
    axes = [_map_axis(axis) for axis in (found.first, found.second)]
    return zone_figure(zone, _names(found), (axes[0], axes[1]), marks)


def _map_axis(axis: Axis) -> TermAxis:
    unit = declared(axis.path)[2]
    if unit == "dollar":
        return TermAxis(f"{_short(axis)}, $ million", 1e-6, "$", " million")
    return TermAxis(", ".join(part for part in (_short(axis), unit_name(unit)) if part))


__all__ = ["run_zone", "verdict", "write_zone", "zone_summary", "zone_table"]
