"""Books at one evaluation: both partners' statements and measures of worth, a truck's full cost."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost import FullCost, full_cost
from framerail.engine import Evaluation
from framerail.market import product_table
from framerail.numerics.calendar import QuarterGrid
from framerail.program import (
    Books,
    CashFlow,
    ProgramInputs,
    Schedule,
    Streams,
    appraisal,
    exchange_rate,
    home_value,
    statements,
    translated,
)
from framerail.scenario import Scenario
from framerail.studies.programs import IN_PROCESS, Programs, hurried

FIXED_KINDS = ("engineering", "tooling", "conversion", "launch", "fixed_cost", "selling")
"""What the trucks' contribution must pay, by stream, in the order of `FullCost.fixed`."""


class ProgramBooks(eqx.Module):
    """What one evaluation's books hold."""

    start_up: Books
    incumbent: Books
    full_cost: FullCost
    """Of every truck, life means per truck sold, with both partners' fixed cost."""


class Sales(eqx.Module):
    """The trucks over their life, dollars per truck."""

    price: Float[Array, "year truck"]
    """What the seller gets, after the dealer's margin."""
    variable: Float[Array, "year truck"]
    """Variable cost, after the production credit."""
    sold: Float[Array, "year truck"]


def partner_books(
    scenario: Scenario, point: Evaluation, programs: Programs | None = None
) -> ProgramBooks:
    """Books at a point evaluation of the scenario."""
    return (programs or IN_PROCESS).call(books_of, book_inputs(scenario, point), hurried())


def book_inputs(scenario: Scenario, point: Evaluation) -> tuple[Any, ...]:
    """What the books are kept from: the arguments of `books_of`."""
    partners, products = scenario.deal.partners, scenario.market.products
    firms = (partners.start_up.name, partners.incumbent.name)
    own = jnp.asarray(
        [[float(products[truck].firm == firm) for firm in firms] for truck in point.trucks.names]
    )
    margins = [scenario.program.commercial[firm.lower()].dealer_margin for firm in firms]
    table = product_table(products)
    place = [table.index(name) for name in point.trucks.names]
    kept = 1 - own @ jnp.stack(margins)
    sales = Sales(
        price=point.both.market.price[:, jnp.asarray(place)] * kept[None, :],
        variable=point.both.cost.net_variable,
        sold=point.both.output,
    )
    each = (point.start_up, point.incumbent)
    return (
        scenario.program,
        tuple(firm.lower() for firm in firms),
        tuple(part.streams for part in each),
        tuple(part.cash for part in each),
        point.both.production.trucks.deliveries @ own,
        sales,
        point.schedule,
        scenario.start_of_quarter,
    )


def _stacked(rows: tuple[Any, ...]) -> Any:
    return jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *rows)


def books_of(
    program: ProgramInputs,
    names: tuple[str, ...],
    streams: tuple[Streams, ...],
    cash: tuple[CashFlow, ...],
    trucks: Float[Array, "quarter partner"],
    sales: Sales,
    schedule: Schedule,
    start_of_quarter: Float[Array, "quarter"],
) -> ProgramBooks:
    """One batch for all partners; only what is kept in another currency stands apart."""
    grid = QuarterGrid(start_of_quarter)
    # In dollars: the currency in which a partner reports is a label that a batch cannot carry.
    finance = _stacked(
        tuple(dataclasses.replace(program.finance[name], reports_in="dollar") for name in names)
    )
    commercial = _stacked(tuple(program.commercial[name] for name in names))
    kept = jax.vmap(
        lambda own, flows, made: statements(
            own,
            flows,
            made,
            grid,
            start_of_production=schedule.start_of_production,
            end_of_production=schedule.end_of_production,
        )
    )(finance, _stacked(streams), _stacked(cash))
    worth = jax.vmap(
        lambda own, sells, flows, made, sold: appraisal(
            own,
            sells,
            flows,
            made,
            sold,
            grid,
            valuation_date=program.valuation_date,
            start_of_production=schedule.start_of_production,
            inflation=program.inflation,
        )
    )(finance, commercial, _stacked(streams), _stacked(cash), trucks.T)
    found = []
    for place, name in enumerate(names):
        mine, value = jax.tree_util.tree_map(lambda leaf, k=place: leaf[k], (kept, worth))
        own, home, at_home = program.finance[name], None, None
        if own.reports_in != "dollar":
            currency = program.currencies[own.reports_in]
            average, closing = (exchange_rate(currency, x) for x in (grid.middle, grid.end))
            home = home_value(own, currency, cash[place], grid.middle, program.valuation_date)
            at_home = translated(mine, average, closing)
        found.append(Books(mine, value, home, at_home))
    start_up, incumbent = found
    return ProgramBooks(start_up, incumbent, _full_cost(sales, streams))


def _full_cost(sales: Sales, streams: tuple[Streams, ...]) -> FullCost:
    """Every truck's full cost: what both partners spend over the life, by kind."""
    spent = [sum(jnp.sum(getattr(part, kind)) for part in streams) for kind in FIXED_KINDS]
    years = sales.sold.shape[0]
    # A life mean asks only for the sum over the years; all of it stands in the first.
    by_year = jnp.zeros((len(FIXED_KINDS), years)).at[:, 0].set(jnp.stack(spent))
    return full_cost(sales.price, sales.variable, sales.sold, by_year)
