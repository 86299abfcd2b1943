"""Tables of the studies: drivers, break-evens, terms, sites, outcomes and audits."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from framerail.engine import OUTCOMES
from framerail.report.facts import paired
from framerail.report.spread import share
from framerail.report.table_kind import SPREAD_COLUMNS, TableKind, spread_row
from framerail.report.view import INCUMBENT, View, usable
from framerail.report.words import label
from framerail.studies import TARGETS

Row = tuple[Any, ...]

AUDITS: dict[str, tuple[str, str, float]] = {
    "energy": ("Energy in less energy out, over trucks and cycles", "relative", 1e-6),
    "shares": ("Market shares and the outside good less one", "share", 1e-9),
    "calibration": ("Model share less observed share", "share", 1e-6),
    "first_order": ("Prices' first-order conditions", "dollar", 1.0),
    "orders": ("Orders less deliveries, cancellations and backlog", "truck", 1e-3),
    "circle": ("Volume assumed for cost less volume built", "relative", 1e-4),
    "cash": ("Cash-flow identities of both partners", "dollar", 1.0),
    "settlement": ("What one party pays less what the others receive", "dollar", 0.01),
}
"""Audits of the engine: what each compares, its unit, and the residual that is still rounding."""


def _drivers(view: View) -> Iterator[Row]:
    for driver in view.study.drivers:
        for place, target in enumerate(TARGETS):
            low, high = driver.swing(target)
            yield (
                driver.path, label(driver.path, view.names), driver.unit, driver.low,
                driver.middle, driver.high, target, float(driver.slope[place]), low, high,
            )  # fmt: skip


def _break_even(view: View) -> Iterator[Row]:
    for entry in view.study.break_evens:
        yield (
            entry.path, label(entry.path, view.names), entry.unit, entry.median, entry.value,
            entry.probability, entry.low, entry.high,
        )  # fmt: skip


def _zone(view: View) -> Iterator[Row]:
    zone = view.study.zone
    if zone is None:
        return
    for i, upfront in enumerate(np.asarray(zone.upfront)):
        for j, royalty in enumerate(np.asarray(zone.royalty)):
            first, second = zone.incumbent_gain[i, j], zone.start_up_gain[i, j]
            agreed = bool(zone.agreeable[i, j])
            yield float(upfront), float(royalty), float(first), float(second), agreed


def site_figures(view: View) -> dict[str, tuple[str, str, int | None]]:
    """Figures by which sites are compared: name -> unit, headline field, place on its axis."""
    return {
        "incumbent_gain": ("dollar", "gain", view.party("incumbent")),
        "start_up_gain": ("dollar", "gain", view.party("start-up")),
        "incumbent_program_npv": ("dollar", "program_npv", INCUMBENT),
        "incumbent_peak_funding": ("dollar", "peak_funding", INCUMBENT),
        "plant_utilization": ("share", "plant_utilization", None),
    }


def _sites(view: View) -> Iterator[Row]:
    for site, draws in view.study.sites.items():
        for figure, (unit, field, place) in site_figures(view).items():
            values = usable(draws, field)
            values = values if place is None else values[:, place]
            yield site, figure, unit, len(values), *spread_row(values)


def _site_differences(view: View) -> Iterator[Row]:
    sites = view.study.sites
    names = sorted(sites)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            for figure, (unit, field, place) in site_figures(view).items():
                if place is None:
                    continue
                values = paired(sites[first], sites[second], field, place)
                chance = share(values > 0)
                yield first, second, figure, unit, len(values), *spread_row(values), chance


def _outcomes(view: View) -> Iterator[Row]:
    masks = np.asarray(view.study.draws.outputs.outcome)
    point = np.asarray(view.study.headline.outcome)
    for place, (stage, table) in enumerate(OUTCOMES.items()):
        for bit, entry in enumerate(table):
            marked = (masks[:, place] >> bit) & 1
            at_medians = bool((int(point[place]) >> bit) & 1)
            yield (
                stage, entry.name, int(marked.sum()), share(marked > 0), at_medians,
                entry.sentence, entry.cure,
            )  # fmt: skip


def _audits(view: View) -> Iterator[Row]:
    worst, point = view.study.draws.outputs.audit, view.study.headline.audit
    for field in dataclasses.fields(point):
        text, unit, limit = AUDITS[field.name]
        draws = np.abs(np.asarray(getattr(worst, field.name)))[view.study.draws.valid]
        yield (
            field.name, text, unit, abs(float(getattr(point, field.name))),
            float(draws.max(initial=0.0)), limit, share(draws <= limit),
        )  # fmt: skip


OUTCOME_TABLE = TableKind(
    "outcomes",
    "What the stages had to say, counted over all draws.",
    {
        "stage": "stage of the chain",
        "outcome": "stable name",
        "draws": "number of draws with it, usable or not",
        "share": "the same as a share of all draws",
        "at_medians": "whether it occurs with every input at its median",
        "sentence": "what happened",
        "cure": "what to try",
    },
    _outcomes,
)

AUDIT_TABLE = TableKind(
    "audits",
    "Do the books balance? Largest residual of each identity.",
    {
        "audit": "stable name",
        "meaning": "what is compared",
        "unit": "unit of the residual",
        "at_medians": "residual with every input at its median",
        "worst": "largest residual over usable draws",
        "limit": "residual that still counts as rounding",
        "share_within": "share of usable draws within the limit",
    },
    _audits,
)

STUDY_TABLES = (
    TableKind(
        "drivers",
        "Every uncertain input with the first-order change of each target across its range.",
        {
            "path": "the input's path in the scenario",
            "label": "its short name",
            "unit": "its unit",
            "low": "its 10th percentile",
            "middle": "its median",
            "high": "its 90th percentile",
            "target": f"{', '.join(TARGETS)}; dollars, or a probability for default",
            "slope": "derivative of the target at the medians, per unit of the input",
            "change_at_low": "slope times (low less middle), in the target's unit",
            "change_at_high": "slope times (high less middle), in the target's unit",
        },
        _drivers,
    ),
    TableKind(
        "break_even",
        "Value of one input at which the incumbent's gain is zero, all else at the medians.",
        {
            "path": "the input's path in the scenario",
            "label": "its short name",
            "unit": "its unit",
            "median": "its median",
            "break_even": "value at which the gain is zero; empty where no value in range does it",
            "probability": "chance that the input lies on the side where the incumbent gains",
            "low": "lowest value tried (0.5th percentile)",
            "high": "highest value tried (99.5th percentile)",
        },
        _break_even,
    ),
    TableKind(
        "zone",
        "Both partners' gains over pairs of upfront payment and royalty, all else at the medians.",
        {
            "upfront": "upfront payment, dollars",
            "royalty": "royalty, dollars per truck",
            "incumbent_gain": "dollars",
            "start_up_gain": "dollars",
            "both_gain": "whether neither partner loses",
        },
        _zone,
    ),
    TableKind(
        "sites",
        "The plants on the same draws.",
        {
            "site": "name of the plant",
            "figure": "figure compared",
            "unit": "its unit",
            "draws": "usable draws",
            **SPREAD_COLUMNS,
        },
        _sites,
    ),
    TableKind(
        "site_differences",
        "Paired differences between plants: first less second, draw by draw.",
        {
            "first": "name of a plant",
            "second": "name of another plant",
            "figure": "figure compared",
            "unit": "its unit",
            "draws": "draws usable at both",
            **SPREAD_COLUMNS,
            "share_positive": "share of draws in which the first is higher",
        },
        _site_differences,
    ),
    OUTCOME_TABLE,
    AUDIT_TABLE,
)
