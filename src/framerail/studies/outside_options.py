"""What each side has without the deal, valued by the same engine on the same draws.

The incumbent's options are other inputs of the same chain: a platform of its own later, another
maker's frame, the designs bought out of the estate once the start-up has failed. The start-up's
are clauses without a shared program: a bridge of its lenders, another sponsor, filing at once.
Doing nothing and carrying on are the zeros against which everything else is measured.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.deal import (
    DealInputs,
    Outside,
    PartnerFlows,
    SharedProgram,
    Terms,
    default_quarter,
    effective_access,
    open_book,
    settle_at,
    value_deal,
)
from framerail.deal.clauses.insolvency import AssetPurchase
from framerail.numerics.calendar import QuarterGrid, fraction_after
from framerail.quantities import Scalar
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.monte_carlo import realized_policy
from framerail.studies.sampling import with_columns
from framerail.studies.structure_chain import Chain
from framerail.studies.structure_figures import StructureFigures, drawn_leaves, drawn_terms

DO_NOTHING, CARRY_ON = "do nothing", "carry on"
RESCUES = ("bridge loan", "other sponsor", "Chapter 11")
_START = "program.timeline.program_start"
_MOVED = (
    _START,
    "program.timeline.planned_start_of_production",
    "program.timeline.planned_end_of_production",
)
"""Dates that move with the failure when the program waits for the estate."""
_SPEND = "program.timeline.spend."


@dataclasses.dataclass(frozen=True)
class Alternatives:
    """Scenarios that state what each side could do instead; only what differs is read.

    `incumbent` by name; one whose term sheet has an asset purchase waits for the estate.
    `start_up` holds its rescues as clauses: `bridge`, `equity` of another sponsor, and the
    probability of its condition.
    """

    incumbent: Mapping[str, Scenario]
    start_up: Scenario

    @property
    def all(self) -> list[Scenario]:
        """Every scenario."""
        return [*self.incumbent.values(), self.start_up]

    def varied(self, base: Scenario) -> tuple[str, ...]:
        """Paths of inputs that an incumbent's alternative draws, or moves draw by draw."""
        present = {p for p in leaf_paths(base) if not p.startswith("deal.terms.")}
        drawn = {leaf.path for one in self.incumbent.values() for leaf in one.uncertainty}
        return tuple(sorted((drawn | set(_MOVED)) & present))


@dataclasses.dataclass(frozen=True)
class OutsideOptions:
    """Value of each side's options by draw, over doing nothing and over carrying on (dollars).

    `usable` marks draws in which every option could be evaluated; `in_time` is the share of draws
    in which the estate comes up early enough to build the truck within the calendar.
    """

    incumbent: dict[str, np.ndarray]
    start_up: dict[str, np.ndarray]
    usable: np.ndarray
    in_time: float

    def best(self, party: int) -> tuple[str, float]:
        """The option with the largest expected value, and that value; start-up is party one.

        The choice is made on the expectation: no side knows its draw when the talks end.
        """
        options = self.start_up if party else self.incumbent
        means = {name: float(values[self.usable].mean()) for name, values in options.items()}
        name = max(means, key=lambda each: means[each])
        return name, means[name]

    @property
    def disagreement(self) -> np.ndarray:
        """What incumbent and start-up expect if the talks end, over no deal."""
        return np.array([self.best(0)[1], self.best(1)[1]])


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What the options are evaluated on: points and rows of the study, and what they said."""

    points: np.ndarray
    extra: np.ndarray
    rows: np.ndarray
    figures: StructureFigures
    as_of: float


def outside_options(chain: Chain, alternatives: Alternatives, drawn: Drawn) -> OutsideOptions:
    """Value every alternative of both sides on the study's draws."""
    count = drawn.rows.shape[0]
    mine, usable, in_time = {DO_NOTHING: np.zeros(count)}, np.ones(count, bool), 1.0
    for name, other in alternatives.incumbent.items():
        clause = other.deal.terms.asset_purchase
        rows = _rows(chain, other, drawn)
        reached, won, price = np.ones(count, bool), 1.0, 0.0
        if clause is not None:
            terms = drawn_terms(other, chain.scenario, drawn.points, drawn.extra)
            bid: Any = terms.asset_purchase
            rows, start, reached = after_the_failure(chain, rows, bid, drawn)
            in_time = float(reached.mean())
            won, price = bid.probability, (bid.bid + bid.cost) * _discount_at(drawn, start, chain)
        fees = _fees(other, chain.scenario, drawn)
        years = _first_year(chain, rows[reached])
        given = realized_policy(same_shape(other, chain.scenario, years))
        solved = chain.solve(rows, fees, f"Outside: {name}", given)
        found = chain.settle(solved, _own_sheet(chain, fees, drawn), f"Outside: {name}")
        usable &= (np.asarray(found.headline.fatal) == 0) | ~reached
        mine[name] = np.where(reached, won * (np.asarray(found.alone) - price), 0.0)
    theirs = {CARRY_ON: np.zeros(count)} | rescues(chain, alternatives.start_up, drawn)
    return OutsideOptions(mine, theirs, usable, in_time)


def same_shape(other: Scenario, base: Scenario, first_year: float) -> Scenario:
    """The base with the values of another scenario and its own clauses; its model years begin in
    `first_year` and are as many as the base's.

    Raises:
        ValueError: where the other scenario has other trucks, packages, debts or sites.
    """
    years = first_year + jnp.arange(base.model_year.shape[0], dtype=base.model_year.dtype)
    plain = eqx.tree_at(lambda s: (s.deal.terms, s.model_year), other, (base.deal.terms, years))
    if leaf_paths(plain) != leaf_paths(base):
        raise ValueError("an outside option has other tables than the scenario; change values only")
    return jax.tree.unflatten(jax.tree.structure(base), jax.tree.leaves(plain))


def _first_year(chain: Chain, rows: np.ndarray) -> float:
    """Model year in which the first trucks are sold, but for one draw in twenty."""
    column = rows[:, chain.paths.index(_MOVED[1])]
    if not column.size:
        return float(chain.scenario.model_year[0])
    return float(np.floor(np.quantile(column, 0.05)))


def _rows(chain: Chain, other: Scenario, drawn: Drawn) -> np.ndarray:
    """Rows of an alternative: its own inputs at the study's points; terms stay the study's."""
    rows = drawn.rows.copy()
    places = [k for k, path in enumerate(chain.paths) if not path.startswith("deal.terms.")]
    paths = [chain.paths[k] for k in places]
    for k, values in zip(
        places, drawn_leaves(other, chain.scenario, paths, drawn.points, drawn.extra), strict=True
    ):
        rows[:, k] = values
    return rows


def after_the_failure(
    chain: Chain, rows: np.ndarray, clause: AssetPurchase, drawn: Drawn
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of a program that begins when the estate is sold; its date; whether there is time.

    The failure is the draw's own, without the deal and not before the scenario's date. What the
    sale brings saves its completeness of the spending that sets the alternative apart.
    """
    path = {name: k for k, name in enumerate(chain.paths)}
    quarters = np.asarray(chain.scenario.start_of_quarter)
    chance = drawn.rows[:, path["deal.survival.chance"]]
    cumulative = jnp.asarray(np.asarray(drawn.figures.headline.default_without))
    grid = QuarterGrid(jnp.asarray(chain.scenario.start_of_quarter))
    exposed = fraction_after(chain.scenario.deal.survival.alive_on, grid)
    failed = jax.vmap(lambda so_far, at: default_quarter(so_far, at, exposed))
    times = np.asarray(failed(cumulative, jnp.asarray(chance)))
    failure = quarters[0] + times / 4.0
    start = np.maximum(failure, drawn.as_of) + np.asarray(clause.delay)
    base = {name: drawn.rows[:, path[name]] for name in _MOVED}
    shift = start - base[_START]
    end = quarters[-1] + 0.25
    latest = end - base["program.timeline.planned_end_of_production"]
    reached = (times < quarters.size) & (shift <= latest)
    moved = rows.copy()
    for name in _MOVED:
        moved[:, path[name]] = base[name] + np.clip(shift, 0.0, np.maximum(latest, 0.0))
    missing = 1.0 - np.asarray(clause.completeness)
    for name, k in path.items():
        if name.startswith(_SPEND):
            moved[:, k] = drawn.rows[:, k] + missing * (rows[:, k] - drawn.rows[:, k])
    return moved, start, reached


def _discount_at(drawn: Drawn, date: np.ndarray, chain: Chain) -> np.ndarray:
    """The incumbent's discount factor of a date's quarter."""
    quarters = np.asarray(chain.scenario.start_of_quarter)
    place = np.clip(np.searchsorted(quarters, date, side="right") - 1, 0, quarters.size - 1)
    return np.take_along_axis(np.asarray(drawn.figures.incumbent_discount), place[:, None], axis=1)[
        :, 0
    ]


def _fees(other: Scenario, base: Scenario, drawn: Drawn) -> Terms:
    """Royalty and building fee of an alternative."""
    sheet = drawn_terms(other, base, drawn.points, drawn.extra)
    return Terms(royalty=sheet.royalty, build_fee=sheet.build_fee)


def _own_sheet(chain: Chain, fees: Terms, drawn: Drawn) -> Terms:
    """The scenario's own term sheet with an alternative's fees: the same compiled program."""
    own = drawn_terms(chain.scenario, chain.scenario, drawn.points, drawn.extra)
    return eqx.tree_at(
        lambda t: (t.royalty, t.build_fee), own, (fees.royalty, fees.build_fee),
        is_leaf=lambda x: x is None,
    )  # fmt: skip


def rescues(chain: Chain, other: Scenario, drawn: Drawn) -> dict[str, np.ndarray]:
    """What bridge, sponsor and filing at once bring the start-up's holders, by draw."""
    sheet: Any = drawn_terms(other, chain.scenario, drawn.points, drawn.extra)
    funded = sheet.conditions["sponsor"].probability
    stake: Any = other.deal.terms.equity
    plain: Any = dataclasses.replace(stake, requires=())
    equity = jax.tree.unflatten(jax.tree.structure(plain), jax.tree.leaves(sheet.equity))
    nothing = eqx.tree_at(
        lambda e: (e.amount, e.share), equity, (0.0 * equity.amount, 0.0 * equity.share)
    )
    undrawn = eqx.tree_at(
        lambda b: [b.draws[k].face for k in b.draws],
        sheet.bridge,
        [0.0 * sheet.bridge.draws[k].face for k in sheet.bridge.draws],
    )
    both = [Terms(bridge=sheet.bridge, equity=nothing), Terms(bridge=undrawn, equity=equity)]
    clauses = jax.tree.map(lambda *leaf: jnp.stack([jnp.asarray(x) for x in leaf], 1), *both)
    discounts = np.stack([drawn.figures.incumbent_discount, drawn.figures.start_up_discount], 1)
    found = chain.programs.call(
        rescue_gains,
        (chain.scenario, chain.indices, jnp.asarray(drawn.rows), clauses, jnp.asarray(discounts),
         jnp.asarray(drawn.as_of)),
    )  # fmt: skip
    gains = np.asarray(found) * np.stack([np.ones_like(funded), funded, np.ones_like(funded)], 1)
    return dict(zip(RESCUES, gains.T, strict=True))


def rescue_gains(
    scenario: Scenario,
    indices: tuple[int, ...],
    rows: Float[Array, "row column"],
    clauses: Terms,
    discounts: Float[Array, "row two quarter"],
    date: Scalar,
) -> Float[Array, "row three"]:
    """Gains of `RESCUES` over carrying on; `clauses` has leading axes row and bridge, sponsor."""
    grid = QuarterGrid(scenario.start_of_quarter)

    def one(row: Array, options: Terms, discount: Array) -> Array:
        return rescued(with_columns(scenario, indices, row).deal, options, discount, date, grid)

    return jax.vmap(one)(rows, clauses, discounts)


def rescued(
    deal: DealInputs,
    options: Terms,
    discount: Float[Array, "two quarter"],
    date: Scalar,
    grid: QuarterGrid,
) -> Float[Array, "three"]:
    """The same of one draw. Lenders' money leaves the access to capital as it is without a deal;
    a sponsor's name opens it as the incumbent's would."""
    nothing = jnp.zeros(grid.quarters)
    program = SharedProgram(*[nothing] * 5, start_of_production=grid.start_of_quarter[-1])
    mine, theirs = discount[0], discount[1]
    flows = PartnerFlows(program, nothing, nothing, nothing, mine, theirs, theirs)
    survival = deal.survival
    reach = [effective_access(each) for each in (survival.without_deal, survival.with_deal)]
    access = jax.tree.map(lambda *each: jnp.stack(each), *reach)
    zero = Outside(jnp.zeros(()), jnp.zeros(()))

    def valued(terms: Terms, with_it: Any) -> tuple[Scalar, Scalar]:
        moods = dataclasses.replace(survival, with_deal=with_it, without_deal=reach[0])
        inputs = dataclasses.replace(deal, terms=terms, survival=moods)
        found = value_deal(inputs, flows, zero, grid)
        return found.gain[1], found.value_without[1]

    gains, without = jax.vmap(valued)(options, access)
    return jnp.append(gains, filing(deal, flows, date, grid) - without[0])


def filing(deal: DealInputs, flows: PartnerFlows, date: Scalar, grid: QuarterGrid) -> Scalar:
    """Value to the start-up's holders of filing at a date: what ranks leave of the estate.

    The cash then at hand goes into the estate; until then the plan runs.
    """
    partners = deal.partners
    book = open_book(Terms(), flows, partners, deal.survival.without_deal, grid)
    time = (date - grid.start_of_quarter[0]) * 4.0
    lived = jnp.clip(time - jnp.arange(grid.quarters), 0.0, 1.0)
    at_hand = jnp.maximum(
        partners.start_up.cash + lived @ book.plan.net, partners.start_up.minimum_cash
    )
    rich = eqx.tree_at(lambda p: p.start_up.minimum_cash, partners, at_hand)
    estate = open_book(Terms(), flows, rich, deal.survival.without_deal, grid)
    closed = eqx.tree_at(lambda b: b.raised, estate, jnp.zeros(grid.quarters))
    return settle_at(Terms(), flows, rich, closed, time, grid).value[1]
