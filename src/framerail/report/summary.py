"""The headline figures of a run as one dictionary; `summary.schema.json` documents every key."""

import json
from importlib import resources
from importlib.metadata import version
from typing import Any

import numpy as np

from framerail.deal import PARTIES, Point
from framerail.report.decision import Facts, decision, even_plants
from framerail.report.facts import best_site, facts_of
from framerail.report.spread import share, spread
from framerail.report.study_tables import AUDIT_TABLE, OUTCOME_TABLE
from framerail.report.table_kind import records
from framerail.report.truck_tables import truck_figures
from framerail.report.view import INCUMBENT, START_UP, View, usable
from framerail.report.words import label

FORMAT = 1
"""Version of the keys of `summary.json`."""
SHOWN = 15
"""Drivers in the summary; all of them are in `tables/drivers.csv`."""


def summary_schema() -> dict[str, Any]:
    """JSON Schema of `summary.json`."""
    entry = resources.files("framerail").joinpath("report", "summary.schema.json")
    return json.loads(entry.read_text("utf-8"))


def summary(view: View) -> dict[str, Any]:
    """The headline figures of a study, in the order of the report."""
    study, about = view.study, view.scenario.about
    facts = facts_of(view)
    return {
        "format": FORMAT,
        "framerail": version("framerail"),
        "scenario": {
            "name": about.name,
            "title": about.title,
            "question": about.question,
            "as_of": about.as_of,
        },
        "draws": {
            "run": study.draws.draws,
            "usable": facts.usable,
            "unusable": study.draws.draws - facts.usable,
            "seed": study.draws.seed,
        },
        "decision": {
            "sentences": list(decision(facts)),
            "incumbent_gains": facts.incumbent_gains,
            "start_up_gains": facts.start_up_gains,
            "both_gain": facts.both_gain,
            "joint_gain_positive": share(view.of("joint_gain") > 0),
        },
        "partners": {
            "start_up": _partner(view, "start-up", START_UP),
            "incumbent": _partner(view, "incumbent", INCUMBENT),
        },
        "joint_gain": spread(view.of("joint_gain")).as_dict(),
        "third_parties": {
            party: spread(view.gain(party)).as_dict()
            for party in PARTIES
            if party not in ("incumbent", "start-up")
        },
        "everyone": spread(view.of("gain").sum(axis=1)).as_dict(),
        "payments": _payments(view),
        "survival": _survival(view),
        "zone": _zone(view),
        "sites": _sites(view, facts),
        "trucks": _trucks(view),
        "cannibalization": spread(view.of("line_up_change")).as_dict(),
        "drivers": _drivers(view),
        "break_even": _break_evens(view),
        "outcomes": _outcomes(view),
        "audits": _audits(view),
        "seconds": {name: round(value, 2) for name, value in study.seconds.items()},
    }


def _partner(view: View, role: str, place: int) -> dict[str, Any]:
    has_rate = view.of("has_irr")[:, place] > 0
    rates = view.of("program_irr")[:, place][has_rate]
    return {
        "name": view.partners[place],
        "gain": spread(view.gain(role)).as_dict(),
        "realized_gain": spread(view.gain(role, realized=True)).as_dict(),
        "program_npv": spread(view.of("program_npv")[:, place]).as_dict(),
        "program_irr": spread(rates).as_dict() if rates.size else None,
        "share_with_irr": share(has_rate),
        "peak_funding": spread(view.of("peak_funding")[:, place]).as_dict(),
        "payback": spread(view.of("payback")[:, place]).as_dict(),
    }


def _payments(view: View) -> dict[str, Any]:
    transfers = view.study.point.deal.transfers
    return {
        "check": spread(view.of("cheque")).as_dict(),
        "by_clause_at_medians": {key: float(transfers[key]) for key in sorted(transfers)},
        "loss_if_start_up_fails": spread(view.of("loss_if_default")).as_dict(),
    }


def _survival(view: View) -> dict[str, Any]:
    return {
        "start_of_production": view.start_of_production,
        "fails_before_production_with": spread(view.of("default_before_production")).as_dict(),
        "fails_before_production_without": spread(
            view.of("default_before_production_without")
        ).as_dict(),
        "runway_quarters_with": spread(view.of("runway_with")).as_dict(),
        "runway_quarters_without": spread(view.of("runway_without")).as_dict(),
    }


def _point(point: Point) -> dict[str, float]:
    return {
        "upfront": float(point.upfront),
        "royalty": float(point.royalty),
        "incumbent_gain": float(point.incumbent_gain),
        "start_up_gain": float(point.start_up_gain),
    }


def _zone(view: View) -> dict[str, Any] | None:
    zone = view.study.zone
    if zone is None:
        return None
    return {
        "exists": bool(zone.exists),
        "agreeable_share": share(np.asarray(zone.agreeable)),
        "nash": _point(zone.nash),
        "kalai_smorodinsky": _point(zone.kalai_smorodinsky),
        "incumbent_best": _point(zone.incumbent_best),
        "start_up_best": _point(zone.start_up_best),
    }


def _sites(view: View, facts: Facts) -> dict[str, Any]:
    sites, place = view.study.sites, view.party("incumbent")
    best, other, ahead = best_site(view)
    lead = None
    if best is not None and other is not None:
        lead = {
            "site": best,
            "over": other,
            "incumbent_gain": spread(ahead).as_dict(),
            "standard_error": facts.site_error,
            "even": bool(even_plants(facts)),
        }
    return {
        "chosen": view.scenario.plant.chosen,
        "incumbent_gain": {
            name: spread(usable(sites[name], "gain")[:, place]).as_dict() for name in sorted(sites)
        },
        "lead": lead,
    }


def _trucks(view: View) -> dict[str, Any]:
    found: dict[str, Any] = {name: {"firm": view.seller(name)} for name in view.trucks}
    for figure, (_, _, draws) in truck_figures(view).items():
        for place, name in enumerate(view.trucks):
            found[name][figure] = spread(draws[:, place]).as_dict()
    return found


def _drivers(view: View) -> list[dict[str, Any]]:
    target = "incumbent_gain"
    ranked = sorted(view.study.drivers, key=lambda d: -max(map(abs, d.swing(target))))
    return [
        {
            "path": driver.path,
            "label": label(driver.path, view.names),
            "unit": driver.unit,
            "low": driver.low,
            "middle": driver.middle,
            "high": driver.high,
            "incumbent_gain_at_low": driver.swing(target)[0],
            "incumbent_gain_at_high": driver.swing(target)[1],
        }
        for driver in ranked[:SHOWN]
    ]


def _break_evens(view: View) -> list[dict[str, Any]]:
    return [
        {
            "path": entry.path,
            "label": label(entry.path, view.names),
            "unit": entry.unit,
            "median": entry.median,
            "break_even": entry.value,
            "probability": entry.probability,
        }
        for entry in view.study.break_evens
    ]


def _outcomes(view: View) -> list[dict[str, Any]]:
    frame = OUTCOME_TABLE.frame(view)
    return [
        {key: _plain(value) for key, value in row.items()}
        for row in records(frame)
        if row["draws"] > 0 or row["at_medians"]
    ]


def _audits(view: View) -> dict[str, Any]:
    frame = AUDIT_TABLE.frame(view).set_index("audit")
    keys = ("unit", "at_medians", "worst", "limit", "share_within")
    return {name: {key: _plain(frame.loc[name, key]) for key in keys} for name in frame.index}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
