"""Tables of a comparison of structures: `framerail structures --out DIR` writes one CSV each."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from framerail.deal import PARTIES
from framerail.report.facts import paired
from framerail.report.spread import share
from framerail.report.structure_answers import ANSWER_TABLES
from framerail.report.structure_outside import OUTSIDE_TABLES
from framerail.report.table_kind import SPREAD_COLUMNS, spread_row
from framerail.studies import Structures
from framerail.studies.structure_figures import StructureFigures

Row = tuple[Any, ...]

FIGURES = {
    "promised": "face of the check, dollars",
    "paid": "of it paid in expectation, undiscounted dollars",
    "bought_trucks": "of that, paid to a start-up that lived to the first truck",
    "lost_in_failure": "of that, paid to a start-up that failed before the first truck",
    "fails_before_production": "probability that the start-up fails before the first truck",
    "fails_before_production_without": "the same without any deal",
    "gain_if_fails": "incumbent's gain over walking away if the start-up fails between signing and "
    "the first truck, dollars (mean weighted with that probability, percentiles over draws)",
    "loss_against_living": "what such a failure costs the incumbent against a partner that lives",
    "steps_in": "probability that the incumbent goes on alone after a failure",
}
"""Figures of `structures.csv` besides every party's gain."""


def figure_values(figures: StructureFigures) -> dict[str, np.ndarray]:
    """The figures of `FIGURES` and the gains, over the draws."""
    head = figures.headline
    paid, lost = np.asarray(figures.paid), np.asarray(figures.paid_and_failed)
    gains = {f"gain: {party}": np.asarray(head.gain)[:, k] for k, party in enumerate(PARTIES)}
    return gains | {
        "gain: both partners": np.asarray(head.joint_gain),
        "promised": np.asarray(figures.promised),
        "paid": paid,
        "bought_trucks": paid - lost,
        "lost_in_failure": lost,
        "fails_before_production": np.asarray(head.default_before_production),
        "fails_before_production_without": np.asarray(head.default_before_production_without),
        "gain_if_fails": np.asarray(figures.gain_if_fails),
        "loss_against_living": np.asarray(head.loss_if_default),
        "steps_in": np.asarray(figures.steps_in),
    }


def mean_if_fails(figures: StructureFigures) -> float:
    """The incumbent's expected gain given a failure between signing and the first truck."""
    weight = np.asarray(figures.fails_after_signing)
    total = float(weight.sum())
    return float(weight @ np.asarray(figures.gain_if_fails)) / total if total > 0.0 else 0.0


def _figures(found: Structures) -> Iterator[Row]:
    for name in found.names:
        one = found.of(name)
        for figure, values in figure_values(one).items():
            mean, *rest = spread_row(values)
            if figure == "gain_if_fails":
                mean = mean_if_fails(one)
            yield name, figure, values.size, mean, *rest, share(values > 0)


def _failure(found: Structures) -> Iterator[Row]:
    ends = np.asarray(found.scenario.start_of_quarter) + 0.25
    cases = {name: found.of(name).fails_with for name in found.names}
    cases = {"no deal": found.of(found.names[0]).fails_without, **cases}
    for name, values in cases.items():
        for place, end in enumerate(ends):
            yield name, float(end), *spread_row(np.asarray(values)[:, place])


def _waiting(found: Structures) -> Iterator[Row]:
    for name, one in found.waiting.items():
        yield (
            name, one.now, one.blind, one.books, one.oracle, one.worth, one.option, one.error,
            one.leaves, one.fails,
        )  # fmt: skip


def _stopping(found: Structures) -> Iterator[Row]:
    years = np.asarray(found.scenario.start_of_quarter)[::4]
    for name, cases in found.stopping.items():
        for one in cases:
            for year, chance in zip(years, one.by_year, strict=True):
                yield (
                    name, one.exit_cost, one.after_failure, one.committed, one.free, one.worth,
                    one.error, int(year), float(chance),
                )  # fmt: skip


def _sites(found: Structures) -> Iterator[Row]:
    names = sorted(found.sites)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            for place, party in enumerate(PARTIES):
                ahead = paired(found.sites[first], found.sites[second], "gain", place)
                yield first, second, party, ahead.size, *spread_row(ahead), share(ahead > 0)


TABLES = {
    "structures": (
        _figures,
        {
            "structure": "term sheet",
            "figure": "`gain: PARTY` in dollars of present value, or one of the figures of the "
            "guide's page on the deal",
            "draws": "usable draws",
            **SPREAD_COLUMNS,
            "share_positive": "share of usable draws above zero",
        },
    ),
    "failure": (
        _failure,
        {
            "structure": "term sheet, or no deal",
            "by": "quarter's end, decimal year",
            **{key: f"chance of having failed before the first truck by then: {text}"
               for key, text in SPREAD_COLUMNS.items()},
        },
    ),
    "waiting": (
        _waiting,
        {
            "structure": "term sheet",
            "now": "incumbent's expected gain on signing now, dollars",
            "blind": "on choosing in three weeks, nothing learned",
            "books": "the same, having learned how near to failing the start-up is",
            "oracle": "the same, having learned everything",
            "worth": "books less now",
            "option": "books less the better of signing now and walking away at once",
            "error": "standard error of what the right to leave adds",
            "leaves": "chance of walking away in three weeks",
            "fails": "chance that the start-up is gone in three weeks",
        },
    ),
    "stopping": (
        _stopping,
        {
            "structure": "term sheet",
            "exit_cost": "paid on stopping, dollars of its day",
            "after_failure": "whether only after the start-up's failure",
            "committed": "incumbent's gain in realized failures without the freedom, dollars",
            "free": "with the freedom",
            "worth": "free less committed",
            "error": "its standard error",
            "year": "calendar year at whose start the incumbent may stop",
            "chance": "chance that it stops then",
        },
    ),
    "structure_sites": (
        _sites,
        {
            "first": "name of a plant",
            "second": "name of another plant",
            "party": "whose gain, under the scenario's own terms",
            "draws": "draws usable at both",
            **{key: f"first less second, dollars: {text}" for key, text in SPREAD_COLUMNS.items()},
            "share_positive": "share of draws in which the first is higher",
        },
    ),
    **OUTSIDE_TABLES,
    **ANSWER_TABLES,
}  # fmt: skip
"""Every table by name: its rows, and its columns with their meaning."""


def structure_tables(found: Structures) -> dict[str, pd.DataFrame]:
    """All tables of a comparison by name."""
    return {
        name: pd.DataFrame(list(rows(found)), columns=pd.Index(list(columns)))
        for name, (rows, columns) in TABLES.items()
    }


def ranked_share(found: Structures, values: dict[str, np.ndarray], name: str) -> float:
    """Share of draws in which a structure is the best of all."""
    stacked = np.stack([values[each] for each in found.names])
    return share(np.argmax(stacked, axis=0) == found.names.index(name))
