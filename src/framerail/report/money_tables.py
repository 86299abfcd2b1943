"""Tables of money: cash by partner and quarter, payments, gains by party, survival."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from framerail.report.spread import bands, spread
from framerail.report.table_kind import SPREAD_COLUMNS, TableKind
from framerail.report.view import View

Row = tuple[Any, ...]


def _cash_flow(view: View) -> Iterator[Row]:
    for partner, cash in zip(view.partners, view.cash, strict=True):
        flows = {name: cash.lines[name] for name in sorted(cash.lines)}
        flows |= {"free_cash_flow": cash.free_cash_flow, "cumulative": cash.cumulative}
        for line, values in flows.items():
            for quarter, value in zip(view.quarters, np.asarray(values), strict=True):
                yield partner, float(quarter), line, float(value)


def _cash_draws(view: View) -> Iterator[Row]:
    flows = view.of("free_cash_flow")
    for place, partner in enumerate(view.partners):
        for figure, values in (
            ("free_cash_flow", flows[:, place]),
            ("cumulative", np.cumsum(flows[:, place], axis=1)),
        ):
            found = bands(values)
            for column, quarter in enumerate(view.quarters):
                yield partner, float(quarter), figure, *(float(band[column]) for band in found)


def _settlement(view: View) -> Iterator[Row]:
    deal = view.study.point.deal
    ledger, external = np.asarray(deal.ledger), np.asarray(deal.external)
    for place, party in enumerate(view.parties):
        for column, quarter in enumerate(view.quarters):
            yield (
                party,
                float(quarter),
                float(ledger[place, column]),
                float(external[place, column]),
            )


def _survival(view: View) -> Iterator[Row]:
    point = view.study.point.deal
    worlds = {
        "with deal": ("default_with", point.survival),
        "without deal": ("default_without", point.survival_without),
    }
    for world, (field, company) in worlds.items():
        found = bands(view.of(field))
        for column, quarter in enumerate(view.quarters):
            yield (
                world,
                float(quarter),
                *(float(band[column]) for band in found),
                float(company.cumulative[column]),
                float(company.planned_cash[column]),
                float(company.expected_cash[column]),
            )


def _transfers(view: View) -> Iterator[Row]:
    transfers = view.study.point.deal.transfers
    for clause in sorted(transfers):
        yield clause, float(transfers[clause])


def _gains(view: View) -> Iterator[Row]:
    point = view.study.point.deal
    for measure, field, medians in (
        ("expected", "gain", point.gain),
        ("realized", "realized_gain", point.realized_gain),
    ):
        draws = view.of(field)
        for place, party in enumerate(view.parties):
            found = spread(draws[:, place])
            cells = (found.mean, found.p5, found.p10, found.p50, found.p90, found.p95)
            yield (
                party, measure, float(medians[place]), *cells, found.tail, found.positive,
            )  # fmt: skip


def _programs(view: View) -> Iterator[Row]:
    point = view.study.headline
    fields = {
        "program_npv": "dollar",
        "program_irr": "1/year",
        "payback": "year",
        "peak_funding": "dollar",
    }
    has_rate = view.of("has_irr") > 0
    for field, unit in fields.items():
        values, medians = view.of(field), np.asarray(getattr(point, field))
        for place, partner in enumerate(view.partners):
            mine = values[:, place]
            at_medians: float | None = float(medians[place])
            if field == "program_irr":
                mine = mine[has_rate[:, place]]
                at_medians = at_medians if float(point.has_irr[place]) else None
            found = spread(mine)
            yield (
                partner, field, unit, at_medians, found.count,
                *((found.mean, found.p10, found.p50, found.p90) if found.count else [None] * 4),
            )  # fmt: skip


_QUARTER = "first day of the quarter, decimal year"

MONEY_TABLES = (
    TableKind(
        "gains",
        "Value with the deal less value without, by party, at the valuation date.",
        {
            "party": "the partners, creditors, suppliers, investors, government",
            "measure": "expected (over the start-up's failure) or realized (one drawn failure)",
            "at_medians": "with every input at its median, dollars",
            "mean": "mean over usable draws, dollars",
            "p5": "5th percentile, dollars",
            "p10": "10th percentile, dollars",
            "p50": "median, dollars",
            "p90": "90th percentile, dollars",
            "p95": "95th percentile, dollars",
            "cvar_5": "mean of the worst 5% of draws, dollars",
            "share_positive": "share of draws with a gain",
        },
        _gains,
    ),
    TableKind(
        "programs",
        "Each partner's program before any payment between them.",
        {
            "partner": "company",
            "figure": "program_npv, program_irr, payback or peak_funding",
            "unit": "unit of the figure",
            "at_medians": "with every input at its median; empty without a rate of return",
            "draws": "usable draws in which the figure exists",
            **SPREAD_COLUMNS,
        },
        _programs,
    ),
    TableKind(
        "transfers",
        "Expected payments from incumbent to start-up by clause, undiscounted, at the medians.",
        {
            "clause": "clause of the term sheet",
            "dollars": "expected total; negative flows the other way",
        },
        _transfers,
    ),
    TableKind(
        "settlement",
        "Expected payments among the parties and cash from outside, by quarter, at the medians.",
        {
            "party": "the partners, creditors, suppliers, investors, government",
            "quarter": _QUARTER,
            "ledger": "received from less paid to other parties, dollars",
            "external": "cash from outside less paid to outside, dollars",
        },
        _settlement,
    ),
    TableKind(
        "cash_flow",
        "Each partner's cash by line and quarter before payments between them, at the medians.",
        {
            "partner": "company",
            "quarter": _QUARTER,
            "line": "stream, tax, working_capital, warranty_reserve; their sum free_cash_flow; "
            "its running sum cumulative",
            "dollars": "nominal dollars; negative is paid",
        },
        _cash_flow,
    ),
    TableKind(
        "cash_flow_draws",
        "Each partner's cash by quarter before payments between them, over the draws.",
        {
            "partner": "company",
            "quarter": _QUARTER,
            "figure": "free_cash_flow or cumulative",
            "mean": "mean over usable draws, dollars",
            "p10": "10th percentile, dollars",
            "p50": "median, dollars",
            "p90": "90th percentile, dollars",
        },
        _cash_draws,
    ),
    TableKind(
        "survival",
        "Probability that the start-up has failed by each quarter's end, and its cash on plan.",
        {
            "world": "with deal or without deal",
            "quarter": _QUARTER,
            **{
                key: f"probability of having failed, {text}" for key, text in SPREAD_COLUMNS.items()
            },
            "at_medians": "the same with every input at its median",
            "planned_cash": "cash at the quarter's end on plan, at the medians, dollars",
            "expected_cash": "mean cash given survival, at the medians, dollars",
        },
        _survival,
    ),
)
