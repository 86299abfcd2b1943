"""Several term sheets on the same draws: markets solved once, every term sheet settled on them.

Term sheets with the same clauses are one compiled program. What the markets see of a term sheet is
its royalty and its fee for building; where those differ too, the markets are solved again.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.deal import (
    PARTIES,
    PartnerFlows,
    Survival,
    Terms,
    deal_transfers,
    default_quarter,
    open_book,
    settle_at,
    with_new_money,
)
from framerail.engine import Evaluation, Headline, headline, solve_markets, value
from framerail.numerics.batching import over_lanes
from framerail.numerics.calendar import QuarterGrid, fraction_after, fraction_before
from framerail.quantities import Scalar
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.rows import CHUNK, Progress
from framerail.studies.sampling import column_indices, with_columns

CHECK = ("upfront license", "milestone", "equity purchase")
"""Clauses that make up the check, as in `Headline.cheque`."""
FAILURES = 4
"""Dates of failure per draw, evenly spaced in probability, on which the incumbent's cash is
followed; the first is the draw's own."""
_TERMS = "deal.terms."
_SEEN_BY_MARKETS = ("royalty.", "build_fee.")


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


Chain = Callable[
    [Scenario, np.ndarray, Mapping[str, Terms], Progress | None], dict[str, StructureFigures]
]
"""Evaluates rows under several term sheets; see `evaluate_structures`."""


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


def _incumbent_paths(
    e: Evaluation, scenario: Scenario, grid: QuarterGrid
) -> tuple[Float[Array, "failure year"], Float[Array, " failure"]]:
    """The incumbent's cash by year along several dates of failure of one draw."""
    deal, partners = scenario.deal, scenario.deal.partners
    book = open_book(deal.terms, e.flows, partners, deal.survival.with_deal, grid)
    book = with_new_money(book, e.deal.survival, partners.start_up, grid)
    chances = jnp.mod(deal.survival.chance + jnp.arange(FAILURES) / FAILURES, 1.0)
    times = jax.vmap(lambda at: default_quarter(e.deal.survival.cumulative, at))(chances)
    books = jax.vmap(lambda at: settle_at(deal.terms, e.flows, partners, book, at, grid))(times)
    mine = PARTIES.index("incumbent")
    cash = books.ledger[:, mine] + books.external[:, mine]
    present = cash * e.flows.incumbent_discount[None, :]
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
    by_year, date = _incumbent_paths(e, scenario, grid)
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
    )


def figures_of(
    scenario: Scenario,
    indices: tuple[int, ...],
    rows: Float[Array, "row column"],
    terms: Terms,
) -> StructureFigures:
    """Rows of input values under several term sheets: leading axes row and structure.

    `terms` has those axes on every leaf; all its royalties and fees of a row are the same.
    """

    def here(row: Float[Array, " column"], first: Terms) -> Scenario:
        drawn = with_columns(scenario, indices, row)
        return eqx.tree_at(lambda s: s.deal.terms, drawn, first)

    def one(solved: Any, sheet: Terms) -> StructureFigures:
        under = eqx.tree_at(lambda m: m.setting.scenario.deal.terms, solved, sheet)
        return structure_figures(value(under), under.setting.scenario)

    first = jax.tree.map(lambda leaf: leaf[:, 0], terms)
    markets = over_lanes(lambda lane: solve_markets(here(*lane)), (rows, first))
    return jax.vmap(jax.vmap(one, in_axes=(None, 0)))(markets, terms)


_compiled = eqx.filter_jit(figures_of)


def evaluate_structures(
    scenario: Scenario,
    rows: np.ndarray,
    terms: Mapping[str, Terms],
    progress: Progress | None = None,
) -> dict[str, StructureFigures]:
    """Figures of every row under every term sheet, as NumPy arrays with a leading row axis.

    **Arguments:** `rows` as for `evaluate_rows`; `terms` by name, every leaf of shape (row,);
    `progress` is told after every chunk.
    """
    groups = list(_groups(terms))
    whole, done = rows.shape[0] * len(groups), 0
    tell = progress or (lambda *_: None)
    found: dict[str, StructureFigures] = {}
    for names in groups:
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves, 1), *(terms[n] for n in names))
        parts = []
        for part in _chunks(scenario, rows, stacked):
            parts.append(part)
            tell("Structures", done + min(len(parts) * CHUNK, rows.shape[0]), whole)
        done += rows.shape[0]
        joined = jax.tree.map(lambda *x: np.concatenate(x)[: rows.shape[0]], *parts)
        for place, name in enumerate(names):
            found[name] = jax.tree.map(lambda leaf, k=place: leaf[:, k], joined)
    return {name: found[name] for name in terms}


def _chunks(scenario: Scenario, rows: np.ndarray, terms: Terms) -> Iterator[StructureFigures]:
    """Chunks in order, as many at a time as there are cores; fewer rows make a smaller chunk."""
    size = min(CHUNK, rows.shape[0])
    chunks = -(-rows.shape[0] // size)
    filler = np.arange(chunks * size) % rows.shape[0]
    indices = column_indices(scenario)

    def work(number: int) -> StructureFigures:
        place = filler[number * size : (number + 1) * size]
        sheet = jax.tree.map(lambda leaf: jnp.asarray(leaf[place]), terms)
        made = _compiled(scenario, indices, jnp.asarray(rows[place]), sheet)
        return jax.tree.map(np.asarray, made)

    yield work(0)  # compiles once, before the workers share the program
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from pool.map(work, range(1, chunks))


def _groups(terms: Mapping[str, Terms]) -> Iterator[list[str]]:
    """Names of term sheets with the same clauses and the same fees in every row."""
    groups: dict[Any, list[str]] = {}
    for name, sheet in terms.items():
        fees = [
            np.asarray(leaf).tobytes()
            for path, leaf in zip(leaf_paths(sheet), jax.tree.leaves(sheet), strict=True)
            if path.startswith(_SEEN_BY_MARKETS)
        ]
        key = (jax.tree.structure(sheet), tuple(fees))
        groups.setdefault(key, []).append(name)
    yield from groups.values()


def drawn_terms(variant: Scenario, base: Scenario, points: np.ndarray, extra: np.ndarray) -> Terms:
    """A variant's term sheet at the draws of the base: every leaf of shape (draw,).

    A term that is uncertain in both takes the base's coordinate of the unit cube, so that draws
    are paired; one that only the variant leaves open takes a column of `extra`.
    """
    place = {leaf.path: k for k, leaf in enumerate(base.uncertainty)}
    known = {leaf.path: leaf.distribution for leaf in variant.uncertainty}
    new = [path for path in sorted(known) if path.startswith(_TERMS) and path not in place]
    leaves, structure = jax.tree.flatten(variant.deal.terms)
    drawn = []
    for path, leaf in zip(leaf_paths(variant.deal.terms), leaves, strict=True):
        full = _TERMS + path
        if full not in known:
            drawn.append(np.full(points.shape[0], float(leaf)))
            continue
        column = points[:, place[full]] if full in place else extra[:, new.index(full)]
        drawn.append(np.asarray(known[full].quantile(column)))
    return jax.tree.unflatten(structure, drawn)
