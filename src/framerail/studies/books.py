"""Both partners' books at one evaluation: statements, measures of worth, value at home."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.engine import Evaluation
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


def partner_books(
    scenario: Scenario, point: Evaluation, programs: Programs | None = None
) -> tuple[Books, Books]:
    """Books of the start-up and of the incumbent at a point evaluation of the scenario."""
    return (programs or IN_PROCESS).call(books_of, book_inputs(scenario, point), hurried())


def book_inputs(scenario: Scenario, point: Evaluation) -> tuple[Any, ...]:
    """What the books are kept from: the arguments of `books_of`."""
    partners, products = scenario.deal.partners, scenario.market.products
    firms = (partners.start_up.name, partners.incumbent.name)
    own = jnp.asarray(
        [[float(products[truck].firm == firm) for firm in firms] for truck in point.trucks.names]
    )
    each = (point.start_up, point.incumbent)
    return (
        scenario.program,
        tuple(firm.lower() for firm in firms),
        tuple(part.streams for part in each),
        tuple(part.cash for part in each),
        point.both.production.trucks.deliveries @ own,
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
    schedule: Schedule,
    start_of_quarter: Float[Array, "quarter"],
) -> tuple[Books, Books]:
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
    return start_up, incumbent
