"""What one draw says of one term sheet: who gains, where the check goes, what a failure leaves.

Markets are solved first, by themselves: what they see of a term sheet is its royalty and its fee
for building. Any number of term sheets is then settled on them (`structure_chain`).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.deal import (
    PARTIES,
    DealInputs,
    PartnerFlows,
    Survival,
    Terms,
    deal_transfers,
    default_quarter,
    open_book,
    settle_at,
    with_new_money,
)
from framerail.engine import Evaluation, Headline, headline, value
from framerail.numerics.calendar import QuarterGrid, fraction_after, fraction_before
from framerail.quantities import Scalar
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.rows import solved_markets
from framerail.studies.sampling import sobol_points, with_columns

CHECK = ("upfront license", "milestone", "equity purchase")
"""Clauses that make up the check, as in `Headline.cheque`."""
FAILURES = 4
"""Dates of failure per draw, evenly spaced in probability, on which the incumbent's cash is
followed; the first is the draw's own."""
_TERMS = "deal.terms."


class StructureFigures(eqx.Module):
    """What one draw says of one term sheet; dollars, `failure` as in `FAILURES`."""

    headline: Headline
    promised: Float[Array, ""]
    """Face of the check: every tranche as if its test were passed."""
    paid: Float[Array, ""]
    """Of it paid, in expectation over tests and the start-up's failure, undiscounted."""
    paid_and_failed: Float[Array, ""]
    """Of that, paid to a start-up that then failed before the first truck."""
    fails_with: Float[Array, " quarter"]
    """Probability of having failed by each quarter's end and before the first truck."""
    fails_without: Float[Array, " quarter"]
    fails_after_signing: Float[Array, ""]
    """Probability of failing between signing and the first truck."""
    gain_if_fails: Float[Array, ""]
    """The incumbent's gain over walking away, given such a failure."""
    steps_in: Float[Array, ""]
    """Probability that the incumbent ends up going on alone."""
    incumbent_cash: Float[Array, "failure year"]
    """Present value of the incumbent's cash of each calendar year, deal included."""
    failure_date: Float[Array, " failure"]
    """Date of the failure, decimal year; the calendar's end if there is none."""
    incumbent_discount: Float[Array, " quarter"]
    start_up_discount: Float[Array, " quarter"]
    alone: Float[Array, ""]
    """Value of the incumbent's trucks built by itself from the start, the platform's development
    included; present value at the calendar's start."""


def check_money(
    terms: Terms, flows: PartnerFlows, survival: Survival, grid: QuarterGrid
) -> tuple[Scalar, Scalar]:
    """What of the check is paid, and what of that goes to a start-up that fails before the first
    truck; expected, undiscounted. A payment is made if the start-up lives on its day."""
    transfers = deal_transfers(terms, flows.program, grid)
    made = [transfers[key].payment for key in sorted(transfers) if key.startswith(CHECK)]
    payment = sum(made, start=jnp.zeros(grid.quarters))
    quarter = jnp.arange(grid.quarters, dtype=payment.dtype)
    performing = jnp.clip(quarter[:, None] + 0.5 - quarter[None, :], 0.0, 1.0)
    received = performing @ payment
    before = fraction_before(flows.program.start_of_production, grid)
    lives = 1.0 - survival.cumulative[-1]
    paid = survival.default @ received + lives * jnp.sum(payment)
    return paid, (survival.default * before) @ received


def check_promised(terms: Terms) -> Scalar:
    """Face of the check: upfront license, every tranche, equity."""
    clauses = [terms.upfront, terms.equity, *(terms.milestones or {}).values()]
    return sum((clause.amount for clause in clauses if clause is not None), start=jnp.zeros(()))


def incumbent_paths(
    deal: DealInputs, flows: PartnerFlows, survival: Survival, grid: QuarterGrid
) -> tuple[Float[Array, "failure year"], Float[Array, " failure"]]:
    """The incumbent's cash by year along several dates of failure of one draw, and these dates.

    `survival` is that with the deal. The cash is the ledger's and the outside's: a path's sum is
    the incumbent's value in the settlement at that date.
    """
    partners = deal.partners
    book = open_book(deal.terms, flows, partners, deal.survival.with_deal, grid)
    book = with_new_money(book, survival, partners.start_up, grid)
    chances = jnp.mod(deal.survival.chance + jnp.arange(FAILURES) / FAILURES, 1.0)
    exposed = fraction_after(deal.survival.alive_on, grid)
    times = jax.vmap(lambda at: default_quarter(survival.cumulative, at, exposed))(chances)
    books = jax.vmap(lambda at: settle_at(deal.terms, flows, partners, book, at, grid))(times)
    mine = PARTIES.index("incumbent")
    cash = books.ledger[:, mine] + books.external[:, mine]
    present = cash * flows.incumbent_discount[None, :]
    by_year = jnp.sum(present.reshape(FAILURES, -1, 4), axis=2)
    return by_year, grid.start_of_quarter[0] + times / 4.0


def structure_figures(e: Evaluation, scenario: Scenario) -> StructureFigures:
    """Figures of one evaluated draw."""
    grid, terms, deal = QuarterGrid(scenario.start_of_quarter), scenario.deal.terms, e.deal
    paid, failed = check_money(terms, e.flows, deal.survival, grid)
    before = fraction_before(e.schedule.start_of_production, grid)
    # Nothing was signed before the first payment's day.
    signed = jnp.ones(grid.quarters)
    if terms.upfront is not None:
        signed = fraction_after(terms.upfront.date, grid)
    weight = deal.survival.default * before * signed
    fails = jnp.sum(weight)
    mine = PARTIES.index("incumbent")
    against = deal.value_if_default[mine, :-1] - deal.value_without[mine]
    by_year, date = incumbent_paths(scenario.deal, e.flows, deal.survival, grid)
    return StructureFigures(
        headline=headline(e, scenario),
        promised=check_promised(terms),
        paid=paid,
        paid_and_failed=failed,
        fails_with=jnp.cumsum(deal.survival.default * before),
        fails_without=jnp.cumsum(deal.survival_without.default * before),
        fails_after_signing=fails,
        gain_if_fails=weight @ against / jnp.maximum(fails, 1e-12),
        steps_in=deal.steps_in,
        incumbent_cash=by_year,
        failure_date=date,
        incumbent_discount=e.flows.incumbent_discount,
        start_up_discount=e.flows.start_up_discount,
        alone=e.flows.incumbent_alone @ e.flows.incumbent_discount,
    )


def markets_of(
    scenario: Scenario, indices: tuple[int, ...], rows: Float[Array, "row column"], fees: Terms
) -> Any:
    """Solved markets of rows of input values (`Markets` with a leading row axis).

    `fees` has what markets see of a term sheet, every leaf of shape (row,).
    """

    def drawn(lane: tuple[Float[Array, " column"], Terms]) -> Scenario:
        row, seen = lane
        return eqx.tree_at(lambda s: s.deal.terms, with_columns(scenario, indices, row), seen)

    return solved_markets(drawn, (rows, fees))


def figures_of(markets: Any, terms: Terms) -> StructureFigures:
    """Figures of solved markets under a term sheet, both with a leading row axis."""

    def one(solved: Any, sheet: Terms) -> StructureFigures:
        under = eqx.tree_at(lambda m: m.setting.scenario.deal.terms, solved, sheet)
        return structure_figures(value(under), under.setting.scenario)

    return jax.vmap(one)(markets, terms)


def drawn_leaves(
    variant: Scenario,
    base: Scenario,
    paths: list[str],
    points: np.ndarray,
    extra: np.ndarray,
) -> list[np.ndarray]:
    """Inputs of a variant at the draws of the base, by path: every one of shape (draw,).

    An input that is uncertain in both takes the base's coordinate of the unit cube, so that draws
    are paired; one that only the variant leaves open takes a column of `extra`.
    """
    place = {leaf.path: k for k, leaf in enumerate(base.uncertainty)}
    known = {leaf.path: leaf.distribution for leaf in variant.uncertainty}
    new = [path for path in sorted(known) if path not in place]
    values = dict(zip(leaf_paths(variant), jax.tree.leaves(variant), strict=True))
    drawn = []
    for path in paths:
        if path not in known:
            drawn.append(np.full(points.shape[0], float(values[path])))
            continue
        column = points[:, place[path]] if path in place else extra[:, new.index(path)]
        drawn.append(np.asarray(known[path].quantile(column)))
    return drawn


def drawn_terms(variant: Scenario, base: Scenario, points: np.ndarray, extra: np.ndarray) -> Terms:
    """A variant's term sheet at the draws of the base: every leaf of shape (draw,)."""
    paths = [_TERMS + path for path in leaf_paths(variant.deal.terms)]
    drawn = drawn_leaves(variant, base, paths, points, extra)
    return jax.tree.unflatten(jax.tree.structure(variant.deal.terms), drawn)


def extra_points(base: Scenario, variants: list[Scenario], draws: int, seed: int) -> np.ndarray:
    """Coordinates for inputs that only variants leave open; the base's own stay those of a run."""
    known = {leaf.path for leaf in base.uncertainty}
    new = [{leaf.path for leaf in one.uncertainty} - known for one in variants]
    dimension = max((len(paths) for paths in new), default=0)
    return sobol_points(draws, max(dimension, 1), seed + 1)
