"""Clauses on work and volume: development, capacity, take-or-pay, credits, plant, supply."""

from typing import Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.clauses.transfer import DollarPerTruck, SharedProgram, TrucksPerYear
from framerail.numerics.calendar import (
    QUARTER,
    QuarterGrid,
    at_once,
    fraction_before,
    fraction_between,
)
from framerail.quantities import Declared, Duration, Fraction, PositiveDollar, Scalar, Year


class Gate(Declared):
    """One gate of a development program."""

    budget: PositiveDollar
    """Cost of the work that the gate releases."""
    date: Year
    """When it is passed."""
    probability: Fraction
    """Probability of passing it, those before it passed."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to it."""


class DevelopmentFee(Declared):
    """Development paid for by the incumbent, gate by gate."""

    gates: dict[str, Gate]
    """Gates by name."""
    incumbent_share: Fraction
    """Share of each budget that the incumbent pays."""
    overrun: Fraction
    """Expected overrun over the budgets."""
    overrun_by_incumbent: Fraction
    """Share of the overrun that the incumbent pays."""
    clawback: Fraction
    """Share of what was paid that is owed back if the start-up fails before production."""


class VolumeRebate(Declared):
    """A lower fee on high volume."""

    above: TrucksPerYear
    """Trucks per year above which it applies."""
    discount: Fraction
    """Share of the fee that is not charged on those trucks."""


class CapacityReservation(Declared):
    """Plant capacity kept for the start-up, and the capital that it pays back."""

    units: TrucksPerYear
    """Capacity reserved."""
    capital: PositiveDollar
    """Most of the builder's capital spending that the start-up reimburses."""
    share: Fraction
    """Share of the builder's capital spending that it reimburses up to that."""
    idle_fee: DollarPerTruck
    """Paid for each truck of reserved capacity that is not used, from start of production."""


class Suspension(Declared):
    """A time in which a duty rests."""

    start: Year
    """First date."""
    end: Year
    """Last date."""


class TakeOrPay(Declared):
    """A promise to take a number of trucks or to pay for those not taken."""

    buyer: Literal["start-up", "incumbent"] = eqx.field(static=True)
    """Who promises: the start-up its trucks to the builder, or the incumbent its kits."""
    floor: TrucksPerYear
    """Trucks per year promised."""
    shortfall: DollarPerTruck
    """Paid for each truck below the floor."""
    cap: PositiveDollar
    """Most that is paid in a year."""
    start: Year
    """Start of the promise."""
    end: Year
    """End of the promise."""
    suspension: Suspension | None = None
    """When it rests."""


class CreditSharing(Declared):
    """Regulatory and tax credits that the start-up's trucks earn, and who keeps them."""

    per_truck: DollarPerTruck
    """Credits that a truck of the start-up earns, at their price."""
    share_to_incumbent: Fraction
    """Share passed to the incumbent."""
    end: Year
    """End of the policy."""


class PlantVenture(Declared):
    """A plant owned together: capital, overrun and capacity by share."""

    budget: PositiveDollar
    """Capital of the plan."""
    start_up_share: Fraction
    """Share of the budget that the start-up pays in as the money is spent."""
    overrun_by_start_up: Fraction
    """Share of spending over the budget that it pays."""
    capacity_share: Fraction
    """Share of the capacity that is the start-up's."""
    capacity: TrucksPerYear
    """Capacity of the plant."""
    idle_cost: DollarPerTruck
    """Fixed cost that an owner bears for each truck of its share that it does not build."""
    exit_date: Year
    """Date on which the incumbent buys the start-up's share."""
    exit_price: Fraction
    """Price of it over what the start-up paid in."""


class Supply(Declared):
    """One direction of a swap of vehicles."""

    units: TrucksPerYear
    """Vehicles delivered."""
    price: DollarPerTruck
    """Transfer price."""
    cost: DollarPerTruck
    """The maker's cost of one."""
    revenue: DollarPerTruck
    """The buyer's net revenue from one."""


class ReciprocalSupply(Declared):
    """Vehicles made by each side for the other."""

    start: Year
    """Start of deliveries."""
    end: Year
    """End of deliveries."""
    from_start_up: Supply
    """What the start-up makes for the incumbent."""
    from_incumbent: Supply
    """What the incumbent makes for the start-up."""
    payment_terms: Duration
    """Credit that both give; the balance at a failure is an unsecured claim."""


def take_or_pay(
    clause: TakeOrPay, program: SharedProgram, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """What the buyer pays for trucks not taken (positive)."""
    bound = fraction_between(clause.start, clause.end, grid)
    if clause.suspension is not None:
        rests = fraction_between(clause.suspension.start, clause.suspension.end, grid)
        bound = jnp.maximum(bound - rests, 0.0)
    taken = program.start_up_units if clause.buyer == "start-up" else program.incumbent_units
    short = jnp.maximum(QUARTER * clause.floor * bound - taken, 0.0)
    return jnp.minimum(short * clause.shortfall, QUARTER * clause.cap)


def reservation_payment(
    clause: CapacityReservation, program: SharedProgram, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Capital reimbursed as it is spent, and idle capacity (positive, start-up to builder)."""
    spent = jnp.cumsum(clause.share * program.incumbent_investment)
    reimbursed = jnp.diff(jnp.minimum(spent, clause.capital), prepend=0.0)
    running = 1.0 - fraction_before(program.start_of_production, grid)
    idle = jnp.maximum(QUARTER * clause.units * running - program.start_up_units, 0.0)
    return reimbursed + clause.idle_fee * idle


def credit_payment(
    clause: CreditSharing, program: SharedProgram, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Credits passed to the incumbent (positive)."""
    earned = clause.per_truck * program.start_up_units * fraction_before(clause.end, grid)
    return clause.share_to_incumbent * earned


def venture_payment(
    clause: PlantVenture, program: SharedProgram, grid: QuarterGrid
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"]]:
    """What the start-up pays into the plant and gets back at the exit, and its idle cost."""
    spent = jnp.cumsum(program.incumbent_investment)
    planned = jnp.minimum(spent, clause.budget)
    capital = clause.start_up_share * planned + clause.overrun_by_start_up * (spent - planned)
    paid_in = jnp.diff(capital, prepend=0.0)
    back = at_once(clause.exit_price * capital[-1], clause.exit_date, grid)
    owned = fraction_between(program.start_of_production, clause.exit_date, grid)
    room = QUARTER * clause.capacity_share * clause.capacity * owned
    idle = clause.idle_cost * jnp.maximum(room - program.start_up_units, 0.0)
    return back - paid_in, idle


def supply_payment(
    clause: ReciprocalSupply, grid: QuarterGrid
) -> tuple[Float[Array, "quarter"], Float[Array, "two quarter"], Float[Array, "quarter"]]:
    """Net payment of the incumbent, outside cash of incumbent and start-up, gross purchases of
    the start-up from the incumbent."""
    running = QUARTER * fraction_between(clause.start, clause.end, grid)
    ours, theirs = clause.from_incumbent, clause.from_start_up
    bought = running * ours.units * ours.price
    net = running * theirs.units * theirs.price - bought
    incumbent = running * (theirs.units * theirs.revenue - ours.units * ours.cost)
    start_up = running * (ours.units * ours.revenue - theirs.units * theirs.cost)
    return net, jnp.stack([incumbent, start_up]), bought


def gate_payment(
    clause: DevelopmentFee, gate: Gate, chance: Scalar, due: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """What the incumbent pays at one gate; `chance` and `due` from its conditions."""
    paid = clause.incumbent_share + clause.overrun * clause.overrun_by_incumbent
    return at_once(
        gate.budget * paid * gate.probability * chance, jnp.maximum(gate.date, due), grid
    )


def volume_faults(
    take: TakeOrPay | None, venture: PlantVenture | None, supply: ReciprocalSupply | None
) -> list[str]:
    """Dates and sums that cannot be met."""
    found = []
    if take and float(take.end) <= float(take.start):
        found.append("take_or_pay: the promise ends before it starts; set a later end")
    if supply and float(supply.end) <= float(supply.start):
        found.append("reciprocal_supply: deliveries end before they start; set a later end")
    if venture and float(venture.capacity_share) > 0 and float(venture.capacity) == 0:
        found.append("plant_venture: a share of a plant without capacity; set capacity")
    return found
