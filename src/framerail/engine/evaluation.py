"""What one evaluation says: every stage's result, the audits and the headline figures."""

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.cost import OUTCOMES as COST_OUTCOMES
from framerail.deal import OUTCOMES as DEAL_OUTCOMES
from framerail.deal import DealValue, PartnerFlows
from framerail.engine.cash import PartnerCash
from framerail.engine.circles import World
from framerail.engine.trucks import TruckFigures
from framerail.market import OUTCOMES as MARKET_OUTCOMES
from framerail.market import Calibration, MarketEquilibrium
from framerail.numerics.outcome import Outcome
from framerail.plant import OUTCOMES as PLANT_OUTCOMES
from framerail.program import OUTCOMES as PROGRAM_OUTCOMES
from framerail.program import PolicyPath, Schedule
from framerail.vehicle import OUTCOMES as VEHICLE_OUTCOMES

ENGINE_OUTCOMES = (
    Outcome(
        "circle_open",
        "The circle of volume and cost did not close.",
        "Look for a truck whose cost falls so fast with volume that every volume asks for more.",
    ),
    Outcome(
        "not_finite",
        "A figure of this evaluation is not finite and is shown as zero.",
        "Look at the inputs of this draw; one of them is far outside what the models know.",
    ),
)

OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    "vehicle": VEHICLE_OUTCOMES,
    "cost": COST_OUTCOMES,
    "market": MARKET_OUTCOMES,
    "plant": PLANT_OUTCOMES,
    "program": PROGRAM_OUTCOMES,
    "deal": DEAL_OUTCOMES,
    "engine": ENGINE_OUTCOMES,
}
"""Outcome tables by stage, in the order of `Evaluation.outcome`."""

_Tree = TypeVar("_Tree")

_FATAL = {
    "market": ("market_not_converged", "market_not_calibrated", "market_demand_slopes_up"),
    "engine": ("circle_open", "not_finite"),
}


def row_of(batch: _Tree, place: int) -> _Tree:
    """One item of a batch: every leaf's entry on its leading axis."""
    return jax.tree_util.tree_map(lambda leaf: leaf[place], batch)


class Audit(eqx.Module):
    """Do the books balance? Largest residual of each identity."""

    energy: Float[Array, ""]
    """Energy in less energy out, relative, over trucks and cycles."""
    shares: Float[Array, ""]
    """Market shares and the outside good less one, over years."""
    calibration: Float[Array, ""]
    """Model share less observed share."""
    first_order: Float[Array, ""]
    """Prices' first-order conditions, dollars, over years and products."""
    orders: Float[Array, ""]
    """Orders less deliveries, cancellations and backlog, trucks."""
    circle: Float[Array, ""]
    """Volume assumed for cost less volume built, relative."""
    cash: Float[Array, ""]
    """Cash-flow identities of both partners, dollars."""
    settlement: Float[Array, ""]
    """What one party pays less what the others receive, dollars."""


class Evaluation(eqx.Module):
    """One scenario, evaluated. Partners are in the order start-up, incumbent."""

    trucks: TruckFigures
    policy: PolicyPath
    schedule: Schedule
    calibration: Calibration
    worlds: World
    """With both partners' trucks, and with the incumbent's only: leading world axis."""
    neither: MarketEquilibrium
    """None of the scenario's trucks, by model year."""
    cash: PartnerCash
    """Start-up, incumbent, and the incumbent where it goes on alone: leading axis."""
    flows: PartnerFlows
    """What the deal was valued on: both partners' cash before any payment between them."""
    deal: DealValue
    audit: Audit
    outcome: Int[Array, " stage"]
    """Bit mask of every stage, in the order of `OUTCOMES`."""

    @property
    def both(self) -> World:
        """Both partners' trucks on the market."""
        return row_of(self.worlds, 0)

    @property
    def alone(self) -> World:
        """The incumbent's trucks only."""
        return row_of(self.worlds, 1)

    @property
    def start_up(self) -> PartnerCash:
        """The start-up's part of the program."""
        return row_of(self.cash, 0)

    @property
    def incumbent(self) -> PartnerCash:
        """The incumbent's part of the program."""
        return row_of(self.cash, 1)

    @property
    def incumbent_alone(self) -> PartnerCash:
        """The incumbent's part where it goes on alone."""
        return row_of(self.cash, 2)


class Headline(eqx.Module):
    """The figures that studies keep of every draw.

    Dollars at the valuation date unless said otherwise; `truck` in the order of
    `Evaluation.trucks.names`, `partner` start-up first, `party` as in `deal.PARTIES`,
    `product` in the order of the sorted product names.
    """

    range_miles: Float[Array, " truck"]
    consumption: Float[Array, " truck"]
    zero_to_sixty: Float[Array, " truck"]
    unit_cost: Float[Array, " truck"]
    """Variable cost per truck over the program, weighted by output, dollars."""
    price: Float[Array, " truck"]
    """Price over the program, weighted by output, dollars of the years in which it is asked."""
    real_unit_cost: Float[Array, " truck"]
    """The same as `unit_cost`, every year's in dollars of the valuation year."""
    real_price: Float[Array, " truck"]
    """The same as `price`, every year's in dollars of the valuation year."""
    output: Float[Array, "year truck"]
    """Trucks built by model year."""
    demand: Float[Array, "year truck"]
    """Trucks ordered by model year."""
    taken: Float[Array, " product"]
    """Yearly sales that each other product loses to the scenario's trucks, program mean."""
    program_npv: Float[Array, " partner"]
    """Value of the program to each partner before any payment between them."""
    program_irr: Float[Array, " partner"]
    """Internal rate of return of the program; zero where there is none."""
    has_irr: Float[Array, " partner"]
    """One where the internal rate of return exists."""
    payback: Float[Array, " partner"]
    """Years from the valuation date."""
    peak_funding: Float[Array, " partner"]
    free_cash_flow: Float[Array, "partner quarter"]
    """Before payments between the partners, dollars of each quarter."""
    line_up_change: Float[Array, ""]
    """Value to the incumbent of sales lost by its other products (cannibalization)."""
    gain: Float[Array, " party"]
    """Value with the deal less value without, in expectation over the start-up's failure."""
    realized_gain: Float[Array, " party"]
    """The same in one realization of the failure's date."""
    joint_gain: Float[Array, ""]
    loss_if_default: Float[Array, ""]
    """What the start-up's failure before production costs the incumbent, in expectation."""
    default_with: Float[Array, " quarter"]
    """Cumulative probability that the start-up has failed, with the deal."""
    default_without: Float[Array, " quarter"]
    default_before_production: Float[Array, ""]
    default_before_production_without: Float[Array, ""]
    runway_with: Float[Array, ""]
    """Quarters of planned cash, with the deal."""
    runway_without: Float[Array, ""]
    cheque: Float[Array, ""]
    """Expected payments before production from incumbent to start-up, dollars."""
    plant_utilization: Float[Array, ""]
    """Of the whole plant, at its best quarter."""
    audit: Audit
    outcome: Int[Array, " stage"]
    fatal: Int[Array, ""]
    """One where no figure of the draw should be used."""


def fatal(outcome: Int[Array, " stage"]) -> Int[Array, ""]:
    """One where an outcome makes the evaluation's figures unusable."""
    found = jnp.int32(0)
    for place, (stage, table) in enumerate(OUTCOMES.items()):
        names = [entry.name for entry in table]
        mask = sum(1 << names.index(name) for name in _FATAL.get(stage, ()))
        found = found | jnp.where(outcome[place] & mask, jnp.int32(1), jnp.int32(0))
    return found


def made_finite(headline: Headline) -> Headline:
    """Zeros for anything not finite, with the outcome that says so."""
    leaves = [
        leaf
        for leaf in jax.tree_util.tree_leaves(headline)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in leaves]))
    names = [entry.name for entry in ENGINE_OUTCOMES]
    bit = jnp.int32(1 << names.index("not_finite"))
    outcome = headline.outcome.at[-1].set(headline.outcome[-1] | jnp.where(finite, 0, bit))
    clean = jax.tree_util.tree_map(
        lambda leaf: (
            jnp.where(jnp.isfinite(leaf), leaf, jnp.zeros_like(leaf))
            if jnp.issubdtype(leaf.dtype, jnp.floating)
            else leaf
        ),
        headline,
    )
    return eqx.tree_at(lambda h: (h.outcome, h.fatal), clean, (outcome, fatal(outcome)))
