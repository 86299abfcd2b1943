"""`framerail validate vehicle`: each bar with what the model gives beside what was measured.

A check is a function without arguments that returns its lines; `CHECKS` names them in the order
of the table. A new check is a new entry.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from rich.table import Table

from framerail.report.component_tables import (
    read_component_estimate,
    read_configurations,
    row_estimates,
)
from framerail.scenario_file import (
    Fault,
    ScenarioError,
    read_cycle,
    read_rows,
    read_scenario,
    read_specification_defaults,
)
from framerail.studies import vehicle_batch
from framerail.studies.calibration import (
    PARAMETERS,
    HeldOut,
    Score,
    held_out,
    make_spread,
    regression_held_out,
    residuals_by_make,
    score,
    unseen_tests,
)
from framerail.studies.validation_vehicle_climate import (
    cold_check,
    five_cycle_check,
    performance_check,
)
from framerail.studies.validation_vehicle_modes import modes_check
from framerail.studies.validation_vehicle_use import (
    charging_check,
    highway_check,
    towing_check,
)
from framerail.studies.vehicle_speed import (
    BATCH,
    fastsim_seconds,
    largest_audit_residual,
    on_one_core,
    vehicle_speed,
)
from framerail.studies.vehicle_use_cases import ValidationRow
from framerail.vehicle import (
    DriveCycle,
    LabelProcedure,
    specification,
    specification_faults,
    steady_cycle,
)


@dataclasses.dataclass(frozen=True)
class Line:
    """One comparison: the figure must not exceed the bar (or must lie between `low` and it).

    `bar` is None where nothing is required; `detail` marks one case of several, shown only when
    its check is named.
    """

    what: str
    predicted: str
    """What the model gives (a typical case), with unit; blank where the figure says it all."""
    measured: str
    figure: float
    bar: float | None
    unit: str = "%"
    low: float = 0.0
    detail: bool = False

    @property
    def passed(self) -> bool:
        """Whether the bar is kept; true without one."""
        return self.bar is None or self.low <= self.figure <= self.bar

    @property
    def bar_text(self) -> str:
        """The bar as shown."""
        if self.bar is None:
            return ""
        if self.bar == float("inf"):
            return f"from {self.low:,.0f}{self.unit}"
        return f"{self.low:g}-{self.bar:g}{self.unit}" if self.low else f"{self.bar:g}{self.unit}"


Check = Callable[[], Sequence[Line]]
_MORE = float("inf")
"""The upper end of a bar that asks for a figure of at least `low`."""


def _procedure() -> LabelProcedure:
    return read_scenario("nissan-fisker").vehicle.procedure


def _held_out_lines(group: str, bars: Mapping[str, float | None]) -> tuple[HeldOut, list[Line]]:
    rows = read_configurations("scored", "battery")
    cycles = {name: read_cycle(name) for name in ("udds", "hwfet")}
    found = held_out(
        rows, read_specification_defaults(), cycles, _procedure().conditions, (group,)
    )[group]
    result = score(found)
    title = f"{result.count} EPA cars, no {group}"
    figures = {
        "UDDS": result.udds,
        "HWFET": result.hwfet,
        "combined": result.combined,
        "combined P90": result.combined_90th,
    }
    pairs = _typical(found)
    lines = [
        Line(f"{title}: {name}", *pairs.get(name, ("", "")), 100.0 * figures[name], bar)
        for name, bar in bars.items()
    ]
    covered = 100.0 * result.coverage
    lines.append(Line(f"{title}: in 90%", "", "", covered, 95.0, low=85.0))
    return found, [*lines, *_peer_lines(title, group, result, rows, cycles)]


def _peer_lines(
    title: str,
    group: str,
    result: Score,
    rows: Sequence[Mapping[str, str]],
    cycles: Mapping[str, DriveCycle],
) -> list[Line]:
    """Mean errors, and those of a linear regression on the same rows and folds."""
    peer = score(regression_held_out(rows, cycles, group))
    figures = (
        ("mean UDDS", result.mean_udds),
        ("mean HWFET", result.mean_hwfet),
        ("mean UDDS of a regression on wheel work", peer.mean_udds),
        ("mean HWFET of a regression on wheel work", peer.mean_hwfet),
        ("combined of a regression on wheel work", peer.combined),
    )
    return [
        Line(f"{title}: {name}", "", "", 100.0 * value, None, detail=True)
        for name, value in figures
    ]


def _typical(found: HeldOut) -> dict[str, tuple[str, str]]:
    """Median predicted and measured wall energy of the scored rows, by cycle, kWh/100 mi."""
    chosen = np.array([row["role"] == "scored" for row in found.rows])
    share = np.array([[1.0, 0.0, 0.55], [0.0, 1.0, 0.45]])
    pair = [np.median(np.exp(x[chosen]) @ share, axis=0) for x in (found.predicted, found.measured)]
    told = [[f"{value:.1f}" for value in side] for side in pair]
    return {
        name: (told[0][k], f"{told[1][k]} kWh")
        for k, name in enumerate(("UDDS", "HWFET", "combined"))
    }


def _family() -> Sequence[Line]:
    return _held_out_lines(
        "family", {"UDDS": 4.0, "HWFET": 2.5, "combined": 3.0, "combined P90": 9.0}
    )[1]


def _make() -> Sequence[Line]:
    """Makes left out, and what remains by make and by cycle."""
    bars = {"UDDS": None, "HWFET": None, "combined": 4.0, "combined P90": None}
    found, lines = _held_out_lines("make", bars)
    spread = make_spread(found)
    for name, value in (
        ("standard deviation between makes", spread.between),
        ("standard deviation within a make", spread.within),
        ("median error that these two leave about a true center", spread.floor),
    ):
        lines.append(Line(name, "", "", 100.0 * value, None, detail=True))
    for one in residuals_by_make(found):
        told = f"{one.make} ({one.count}): UDDS {one.udds:+.1%}, HWFET {one.hwfet:+.1%}"
        pair = f"{one.predicted:.1f}", f"{one.measured:.1f} kWh"
        lines.append(Line(told, *pair, 100.0 * one.combined, None, detail=True))
    return lines


def _vehicle() -> Sequence[Line]:
    """Single test vehicles left out, the rest of their family known; no bar."""
    names = ("UDDS", "HWFET", "combined", "combined P90")
    return _held_out_lines("vehicle", dict.fromkeys(names))[1]


def _labels() -> Sequence[Line]:
    """Electric pickups of the catalog with road load and label; unlabeled trims drop out."""
    rows = [
        row
        for row in read_rows("vehicle/trucks.csv")
        if row["A_lbf"]
        and row["label_range_mi"]
        and row["label_combined_kwh_per_100mi"]
        and float(row["etw_lb"] or 0.0) >= 6_000.0
        and not specification_faults([row])
    ]
    cycles = {name: read_cycle(name) for name in ("udds", "hwfet")}
    found = vehicle_batch(
        specification(rows),
        read_specification_defaults(),
        cycles,
        _procedure(),
        row_estimates(rows, read_component_estimate()),
    )
    lines = []
    for column, unit, bar in (
        ("label_combined_kwh_per_100mi", "kWh", 3.0),
        ("label_range_mi", "mi", 4.0),
    ):
        measured = np.array([float(row[column]) for row in rows])
        error = float(np.mean(np.abs(found[column] / measured - 1.0)))
        pair = f"{np.median(found[column]):.1f}", f"{np.median(measured):.1f} {unit}"
        what = f"{len(rows)} pickups, label {column.split('_')[1]}"
        lines.append(Line(what, *pair, 100.0 * error, bar))
    return lines


def _energy_audit() -> Sequence[Line]:
    """Energy out of the cells less all its uses, over the energy moved."""
    lines = []
    for dtype, bar in (("float64", 1e-6), ("float32", 1e-4)):
        residual, count = largest_audit_residual(dtype)
        lines.append(Line(f"audit of {count} trucks, {dtype}", "", "", residual, bar, ""))
    return lines


def _speed() -> Sequence[Line]:
    """Processor time of one UDDS, `BATCH` designs at once and one, and FASTSim in the same run."""
    found, peer = on_one_core(vehicle_speed), on_one_core(fastsim_seconds)
    ratio = found.gradient / found.batched
    lines = [
        Line(f"UDDS per s, {BATCH} designs", "", "", 1.0 / found.batched, _MORE, "", low=5e4),
        Line("one design, warm", "", "", 1e3 * found.one_design, 1.5, " ms"),
        Line("gradient over forward pass", "", "", ratio, 10.0, ""),
    ]
    bars = {"2.1.5": 350.0, "3.1.0": 1_000.0}
    for version, bar in bars.items():
        what = f"times FASTSim {version}"
        if peer is None or peer[0] != version:
            lines.append(Line(what, "", "not installed", float("nan"), None, ""))
        else:
            lines.append(Line(what, "", "", peer[1] / found.batched, _MORE, "", low=bar))
    return lines


def _two_parameters() -> Sequence[Line]:
    """Certificate summaries: UDDS and HWFET identify, 65 mph and other wheels are predicted."""
    rows = read_rows("vehicle/certificate_summaries.csv")
    start = row_estimates(rows, read_component_estimate()).offsets[:, : len(PARAMETERS)]
    cycles = {name: read_cycle(name) for name in ("udds", "hwfet")}
    cycles["steady65"] = steady_cycle(65.0 * 0.44704, 600.0)
    predicted, measured = unseen_tests(
        rows, start, read_specification_defaults(), cycles, _procedure().conditions
    )
    error = 100.0 * np.abs(predicted / measured - 1.0)
    pair = f"{np.median(predicted):.1f}", f"{np.median(measured):.1f} kWh"
    what = f"{error.size} unseen tests, two parameters"
    return [
        Line(f"{what}: mean", *pair, float(error.mean()), 1.2),
        Line(f"{what}: max", "", "", float(error.max()), 2.0),
    ]


def _use(check: Callable[[], Sequence[ValidationRow]]) -> Check:
    """A comparison with measured use as lines: its summaries, and its cases as details."""

    def lines() -> Sequence[Line]:
        return [_use_line(row) for row in check()]

    return lines


def _use_line(row: ValidationRow) -> Line:
    if "median absolute" in row.unit:
        unit = "%" if row.unit.endswith("%") else ""
        return Line(row.what, "", "", row.predicted, row.limit, unit)
    if row.unit == "smallest margin":
        told = (row.what, "", "passes, as rated", 100.0 * row.predicted)
        return Line(*told, float("inf"), detail=row.limit is None)
    gap = abs(row.predicted - row.measured) / max(abs(row.measured), 1e-12)
    pair = f"{row.predicted:.3g}", f"{row.measured:.3g} {row.unit.split('_')[-1]}"
    return Line(row.what, *pair, 100.0 * gap, None, detail=True)


CHECKS: dict[str, Check] = {
    "energy-audit": _energy_audit,
    "speed": _speed,
    "two-parameters": _two_parameters,
    "labels": _labels,
    "charging": _use(charging_check),
    "highway": _use(highway_check),
    "towing": _use(towing_check),
    "cold": _use(cold_check),
    "five-cycle": _use(five_cycle_check),
    "performance": _use(performance_check),
    "modes": _use(modes_check),
    "epa-family": _family,
    "epa-vehicle": _vehicle,
    "epa-make": _make,
}
"""Named checks in the order of the table; a later check is added here."""


def validate_vehicle(names: Sequence[str] = ()) -> Table:
    """The vehicle's checks: the named ones with all their cases; without names, every summary.

    Raises:
        ScenarioError: for a name that is no check.
    """
    return table_of(CHECKS, names)


def table_of(checks: Mapping[str, Check], names: Sequence[str] = ()) -> Table:
    """The table of the named checks with all their cases; without names, every check's summary.

    Raises:
        ScenarioError: for a name that is no check.
    """
    wrong = [name for name in names if name not in checks]
    if wrong:
        told = f"one of {', '.join(checks)}"
        raise ScenarioError("validate", [Fault(name, "no such check", told) for name in wrong])
    table = Table(title="Predicted beside measured", box=None, padding=(0, 1, 0, 0))
    table.add_column("what")
    for heading in ("predicted", "measured", "error", "bar"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for name in names or checks:
        for line in checks[name]():
            if line.detail and not names:
                continue
            verdict = "" if line.bar is None else "pass" if line.passed else "short"
            shown = f"{line.figure:,.0f}" if line.figure >= 1_000.0 else f"{line.figure:.3g}"
            figure = "" if np.isnan(line.figure) else f"{shown}{line.unit}"
            pair = line.predicted, line.measured
            table.add_row(line.what, *pair, figure, line.bar_text, verdict)
    return table
