"""Tables of the books: the three statements by quarter, measures of worth, the waterfall."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import numpy as np

from framerail.report.table_kind import TableKind
from framerail.report.view import View
from framerail.studies import FIXED_KINDS

Row = tuple[Any, ...]

STATEMENTS = ("income", "cash", "balance")
"""Statements in the order of a report, by their names in `program.Statements`."""
STATEMENT_TITLES = {
    "income": "income statement",
    "cash": "cash-flow statement",
    "balance": "balance sheet",
}
MEASURES = {
    "npv": "dollar",
    "npv_real": "dollar",
    "irr": "1/year",
    "mirr": "1/year",
    "profitability": "dimensionless",
    "payback": "year",
    "discounted_payback": "year",
    "peak_funding": "dollar",
    "break_even_volume": "dimensionless",
    "break_even_price": "dimensionless",
}
"""Measures of worth with their units, in the order of a report."""


def lines(statement: eqx.Module) -> dict[str, np.ndarray]:
    """Lines of a statement by name, quarterly, in the order in which it adds up."""
    return {name: np.asarray(values) for name, values in vars(statement).items()}


def measure(view: View, place: int, name: str) -> float | None:
    """A partner's measure of worth at the medians; None where there is none."""
    worth = view.books[place].appraisal
    if name == "irr":
        return float(worth.irr) if float(view.study.headline.has_irr[place]) > 0 else None
    found = getattr(worth, name)
    if name.startswith("break_even"):
        return float(found.scale) if int(found.outcome) == 0 else None
    if name == "discounted_payback":
        return float(found) if bool(worth.pays_back_discounted) else None
    return float(found)


def _statements(view: View) -> Iterator[Row]:
    for partner, kept in zip(view.partners, view.books, strict=True):
        for statement in STATEMENTS:
            for line, values in lines(getattr(kept.statements, statement)).items():
                for quarter, value in zip(view.quarters, values, strict=True):
                    yield partner, float(quarter), statement, line, float(value)


def _appraisal(view: View) -> Iterator[Row]:
    for place, partner in enumerate(view.partners):
        for name, unit in MEASURES.items():
            yield partner, name, unit, measure(view, place, name)
        home = view.books[place].home
        if home is not None:
            currency = view.scenario.program.finance[partner.lower()].reports_in
            yield partner, "npv_at_home", currency, float(home.npv)
            yield partner, "npv_at_home_hedged", currency, float(home.npv_hedged)


def _waterfall(view: View) -> Iterator[Row]:
    for partner, kept in zip(view.partners, view.books, strict=True):
        steps = kept.appraisal.waterfall
        columns = (np.asarray(x, float) for x in (steps.amount, steps.level, steps.per_truck))
        for row in zip(steps.names, *columns, strict=True):
            yield partner, *row


def full_cost_rows(view: View) -> list[tuple[str, np.ndarray]]:
    """Price, variable cost, contribution, fixed cost by kind, full cost and margin by truck."""
    kept = view.study.books.full_cost
    fixed = [
        (kind, np.broadcast_to(np.asarray(each, float), np.shape(kept.price)))
        for kind, each in zip(FIXED_KINDS, np.asarray(kept.fixed), strict=True)
    ]
    return [
        ("price", np.asarray(kept.price, float)),
        ("variable", np.asarray(kept.variable, float)),
        ("contribution", np.asarray(kept.contribution, float)),
        *fixed,
        ("full", np.asarray(kept.full, float)),
        ("margin", np.asarray(kept.margin, float)),
    ]


def _full_cost(view: View) -> Iterator[Row]:
    for item, values in full_cost_rows(view):
        for truck, value in zip(view.trucks, values, strict=True):
            yield truck, item, float(value)


STATEMENT_TABLES = (
    TableKind(
        "statements",
        "Income, cash-flow statement and balance sheet of each partner's share of the program by "
        "quarter, before payments between them, at the medians.",
        {
            "partner": "company",
            "quarter": "first day of the quarter, decimal year; balances are at its end",
            "statement": "income, cash or balance",
            "line": "line of the statement, subtotals included",
            "dollars": "nominal dollars; costs of the income statement are positive",
        },
        _statements,
    ),
    TableKind(
        "appraisal",
        "What each partner's share of the program is worth, by every measure, at the medians.",
        {
            "partner": "company",
            "measure": "npv, npv_real (from flows in prices of the valuation date), irr, mirr, "
            "profitability (npv over discounted peak funding), payback, discounted_payback, "
            "peak_funding, break_even_volume and break_even_price (multiples of the plan), and "
            "the npv in the partner's own currency, with the dollar path and sold forward",
            "unit": "unit of the value",
            "value": "empty where there is none",
        },
        _appraisal,
    ),
    TableKind(
        "waterfall",
        "Present value by element, from revenue to net present value, at the medians.",
        {
            "partner": "company",
            "element": "what adds or takes; those to royalties are the contribution of the trucks",
            "dollars": "present value, dollars",
            "level": "sum to here, dollars; the last is the net present value",
            "dollars_per_truck": "the same per truck, both discounted",
        },
        _waterfall,
    ),
    TableKind(
        "full_cost",
        "Contribution and full cost of every truck: life means per truck sold, undiscounted, with "
        "both partners' fixed cost over all trucks, at the medians.",
        {
            "truck": "name of the truck",
            "item": "price (after the dealer's margin), variable (after the production credit), "
            "contribution, fixed cost by kind (the same for every truck), full (their sum), margin",
            "dollars_per_truck": "nominal dollars",
        },
        _full_cost,
    ),
)
