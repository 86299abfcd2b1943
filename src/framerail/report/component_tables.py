"""The component estimate as data tables, and the measured configurations it came from."""

import csv
import io
import re
from collections.abc import Mapping, Sequence

import numpy as np

from framerail.scenario_file import read_rows
from framerail.studies import RowEstimates
from framerail.studies.calibration import PARAMETERS, ComponentEstimate

EFFECTS, SPREAD = "vehicle/component_effects.csv", "vehicle/component_spread.csv"
CONFIGURATIONS, CLASSES = "vehicle/epa_configurations.csv", "vehicle/machine_classes.csv"
_SOURCE = (
    "# benchmarks/calibrate_vehicle.py from epa_configurations.csv; see docs/decisions/0010.\n"
)
_NOISE = ("noise_udds", "noise_hwfet", "noise_both")


def read_configurations(*roles: str) -> list[dict[str, str]]:
    """Measured configurations of the EPA lists with these roles (all of them when none)."""
    rows = read_rows(CONFIGURATIONS)
    return [row for row in rows if not roles or row["role"] in roles]


def classified(row: Mapping[str, str], classes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The row with blank machine, inverter and voltage class filled by make and model."""
    year = float(row.get("model_year") or 2022.0)
    for entry in classes:
        since, until = float(entry["from_year"] or 0.0), float(entry["to_year"] or 9999.0)
        fits = entry["make"] == (row.get("make") or "").strip() and since <= year <= until
        drive = entry["drive"] in ("", (row.get("drive") or "awd").strip().lower())
        if fits and drive and re.search(entry["model"], row.get("model") or ""):
            known = {name: entry[name] for name in ("machine", "inverter", "volts")}
            return {**row, **{name: row.get(name) or value for name, value in known.items()}}
    return dict(row)


def row_estimates(rows: Sequence[Mapping[str, str]], estimate: ComponentEstimate) -> RowEstimates:
    """Component offsets and their covariance for every row of a table of vehicles."""
    classes = read_rows(CLASSES)
    known = [classified(row, classes) for row in rows]
    return RowEstimates(
        offsets=np.array([estimate.offsets(row) for row in known]),
        covariance=np.array([estimate.offset_covariance(row) for row in known]),
        noise=estimate.noise,
    )


def _pairs() -> list[tuple[str, str]]:
    return [(a, b) for k, a in enumerate(PARAMETERS) for b in PARAMETERS[: k + 1]]


def read_component_estimate() -> ComponentEstimate:
    """The estimate that comes with the package."""
    effects = {
        (row["term"], row["level"]): np.array([float(row[name]) for name in PARAMETERS])
        for row in read_rows(EFFECTS)
    }
    spread, noise = {}, np.zeros((2, 2))
    for row in read_rows(SPREAD):
        matrix = np.zeros((len(PARAMETERS), len(PARAMETERS)))
        for a, b in _pairs():
            i, j = PARAMETERS.index(a), PARAMETERS.index(b)
            matrix[i, j] = matrix[j, i] = float(row[f"{a}:{b}"])
        spread[row["manufacturer"], row["machine"]] = matrix
        city, highway, both = (float(row[name]) for name in _NOISE)
        noise = np.array([[city, both], [both, highway]])
    return ComponentEstimate(effects, spread, noise)


def estimate_tables(estimate: ComponentEstimate) -> dict[str, str]:
    """The estimate as CSV text by data path; `read_component_estimate` reads it again."""
    about = (
        "# Offsets from the numbers of defaults.toml: the sum over the terms of a row, each times\n"
        "# its weight (studies/calibration/features.py); see vehicle/component_offsets.py.\n"
    )
    effects: list[Sequence[object]] = [["term", "level", *PARAMETERS]]
    for (term, level), effect in estimate.effects.items():
        effects.append([term, level, *(f"{value:.5f}" for value in effect)])
    variance = (
        "# Covariance of a new model family's offsets by manufacturer and machine type, and of\n"
        "# the log energies of one test; blank manufacturer or machine: any other.\n"
    )
    spread: list[Sequence[object]] = [
        ["manufacturer", "machine", *(f"{a}:{b}" for a, b in _pairs()), *_NOISE]
    ]
    noise = [estimate.noise[0, 0], estimate.noise[1, 1], estimate.noise[0, 1]]
    for (maker, machine), matrix in estimate.spread.items():
        entries = [matrix[PARAMETERS.index(a), PARAMETERS.index(b)] for a, b in _pairs()]
        spread.append([maker, machine, *(f"{value:.4e}" for value in [*entries, *noise])])
    return {
        EFFECTS: about + _SOURCE + _csv(effects),
        SPREAD: variance + _SOURCE + _csv(spread),
    }


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
