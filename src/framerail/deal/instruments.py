"""The term sheet and its instruments: pure functions from the program's state to dated transfers.

Every instrument is one clause (a `Declared` table of the file) and one function that returns what
the incumbent pays the start-up by quarter while both perform. A term sheet holds the clauses that
it has and leaves out the others. What happens when the start-up fails is `settlement`'s.
"""

import dataclasses
from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, at_once, fraction_after, growth_index
from framerail.numerics.smoothing import smooth_step
from framerail.quantities import (
    Declared,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Rate,
    Scalar,
    Year,
)

RoyaltyPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 50_000.0)]
TrucksPerYear = Annotated[Scalar, Quantity("truck/year", 0.0, 1e7)]

Test = Literal["calendar", "start of production"]

DEADLINE_WIDTH = 0.125
"""Years over which a deadline's pass probability falls: half a quarter, the calendar's grain."""


class Upfront(Declared):
    """Upfront payment for a license of the platform."""

    amount: PositiveDollar
    """Paid at closing."""
    date: Year
    """Date of payment."""


class Milestone(Declared):
    """A tranche paid when a test is passed."""

    amount: PositiveDollar
    """Paid when the test is passed."""
    test: Test = eqx.field(static=True)
    """What has to happen: the date comes, or production of the shared platform starts."""
    date: Year
    """Earliest date of payment."""
    deadline: Year
    """Last date on which the test may be passed."""
    probability: Fraction
    """Probability that the test is passed, given that it is reached in time and in business."""


class Royalty(Declared):
    """License or platform fee per truck that the incumbent sells."""

    per_unit: RoyaltyPerTruck
    """Fee per truck at the start of production."""
    indexation: Rate
    """Growth of the fee per year."""
    minimum: TrucksPerYear
    """Trucks per year that are paid for even if fewer are sold, once production has started."""


class BuildFee(Declared):
    """Contract assembly of the start-up's trucks by the incumbent, at cost plus."""

    markup: Fraction
    """Margin on the incumbent's cost."""
    payment_terms: Duration
    """Credit that the builder gives; what is owed when the start-up fails is an unsecured claim."""


class EquityStake(Declared):
    """Shares of the start-up bought at signing."""

    amount: PositiveDollar
    """Price paid to the company."""
    date: Year
    """Date of payment."""
    share: Fraction
    """Share of the company's equity received."""
    exit_date: Year
    """Date on which the shares are sold or valued."""


class CostSharing(Declared):
    """Who bears what the other side spends before production."""

    engineering_by_incumbent: Fraction
    """Share of the start-up's spending on the shared platform that the incumbent reimburses."""
    investment_by_start_up: Fraction
    """Share of the incumbent's plant and tooling spending that the start-up reimburses."""


class StepIn(Declared):
    """What the incumbent may do if the start-up fails."""

    license_survival: Fraction
    """Probability that license and designs survive the insolvency in usable form."""
    fee: PositiveDollar
    """Paid to the estate on stepping in."""
    cost: PositiveDollar
    """The incumbent's own cost of taking the work over."""
    delay: Duration
    """Time that the program stands still."""
    royalty_due: Fraction
    """Share of the royalty that is then owed to the estate."""


class Terms(Declared):
    """A term sheet: the clauses that it has."""

    upfront: Upfront | None = None
    """Upfront license payment."""
    milestones: dict[str, Milestone] | None = None
    """Tranches against tests, by name."""
    royalty: Royalty | None = None
    """Fee per truck of the incumbent."""
    build_fee: BuildFee | None = None
    """Contract assembly of the start-up's trucks."""
    equity: EquityStake | None = None
    """Shares bought at signing."""
    cost_sharing: CostSharing | None = None
    """Reimbursement of spending before production."""
    step_in: StepIn | None = None
    """Rights of the incumbent in the start-up's failure."""

    def faults(self) -> tuple[str, ...]:
        """Dates that cannot be met."""
        found = []
        for key, tranche in (self.milestones or {}).items():
            if float(tranche.deadline) < float(tranche.date):
                found.append(f"milestones.{key}: the deadline lies before the date; swap them")
        if self.equity is not None and float(self.equity.exit_date) <= float(self.equity.date):
            found.append(
                "equity: the shares are sold before they are bought; set a later exit_date"
            )
        return tuple(found)


class SharedProgram(eqx.Module):
    """What the instruments see of the shared program, both partners performing.

    Attributes:
        incumbent_units: trucks that the incumbent sells under its own brand, per quarter.
        start_up_units: trucks that the start-up sells, per quarter.
        build_cost: the incumbent's cost of building the start-up's trucks (dollars, positive).
        start_up_engineering: the start-up's spending on the shared platform (dollars, positive).
        incumbent_investment: the incumbent's plant and tooling spending (dollars, positive).
        start_of_production: date of the first truck (decimal year).
    """

    incumbent_units: Float[Array, "quarter"]
    start_up_units: Float[Array, "quarter"]
    build_cost: Float[Array, "quarter"]
    start_up_engineering: Float[Array, "quarter"]
    incumbent_investment: Float[Array, "quarter"]
    start_of_production: Scalar


class Transfer(eqx.Module):
    """Payments under one clause while both partners perform.

    Attributes:
        payment: from the incumbent to the start-up, negative the other way (dollars).
        taxable: whether it is income of the one and expense of the other.
    """

    payment: Float[Array, "quarter"]
    taxable: bool = eqx.field(static=True)


def upfront_payment(clause: Upfront, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """The whole amount on its date."""
    return at_once(clause.amount, clause.date, grid)


def milestone_payment(
    clause: Milestone, program: SharedProgram, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Expected payment of a tranche: zero when production starts after the deadline."""
    if clause.test == "start of production":
        date = jnp.maximum(clause.date, program.start_of_production)
        passed = smooth_step(clause.deadline - program.start_of_production, DEADLINE_WIDTH)
    else:
        date, passed = clause.date, jnp.ones(())
    return at_once(clause.amount * clause.probability * passed, date, grid)


def royalty_per_quarter(
    clause: Royalty,
    units: Float[Array, "quarter"],
    start_of_production: Scalar,
    grid: QuarterGrid,
) -> Float[Array, "quarter"]:
    """Fee on the trucks sold, or on the minimum where fewer are sold."""
    fee = clause.per_unit * growth_index(clause.indexation, start_of_production, grid)
    floor = 0.25 * clause.minimum * fraction_after(start_of_production, grid)
    return fee * jnp.maximum(units, floor)


def build_payment(clause: BuildFee, program: SharedProgram) -> Float[Array, "quarter"]:
    """Cost plus markup, from the start-up to the builder (positive)."""
    return program.build_cost * (1.0 + clause.markup)


def cost_reimbursement(clause: CostSharing, program: SharedProgram) -> Float[Array, "quarter"]:
    """Net reimbursement from the incumbent to the start-up."""
    engineering = clause.engineering_by_incumbent * program.start_up_engineering
    return engineering - clause.investment_by_start_up * program.incumbent_investment


def deal_transfers(terms: Terms, program: SharedProgram, grid: QuarterGrid) -> dict[str, Transfer]:
    """Payments under every clause of the term sheet, by name, both partners performing.

    The sale of an equity stake is not among them: its value depends on what the company is worth
    then (see `settlement`).
    """
    found: dict[str, Transfer] = {}
    if terms.upfront is not None:
        found["upfront license"] = Transfer(upfront_payment(terms.upfront, grid), True)
    for key in sorted(terms.milestones or {}):
        clause = (terms.milestones or {})[key]
        found[f"milestone: {key}"] = Transfer(milestone_payment(clause, program, grid), True)
    if terms.royalty is not None:
        fees = royalty_per_quarter(
            terms.royalty, program.incumbent_units, program.start_of_production, grid
        )
        found["royalty"] = Transfer(fees, True)
    if terms.build_fee is not None:
        found["build fee"] = Transfer(-build_payment(terms.build_fee, program), True)
    if terms.equity is not None:
        bought = at_once(terms.equity.amount, terms.equity.date, grid)
        found["equity purchase"] = Transfer(bought, False)
    if terms.cost_sharing is not None:
        found["cost sharing"] = Transfer(cost_reimbursement(terms.cost_sharing, program), True)
    return found


def with_upfront_and_royalty(terms: Terms, amount: Scalar, per_unit: Scalar) -> Terms:
    """The same term sheet with another upfront payment and royalty.

    Raises:
        ValueError: when the term sheet has no such clause to vary.
    """
    if terms.upfront is None or terms.royalty is None:
        raise ValueError("the term sheet needs an upfront and a royalty clause; zeros will do")
    upfront = dataclasses.replace(terms.upfront, amount=amount)
    royalty = dataclasses.replace(terms.royalty, per_unit=per_unit)
    return dataclasses.replace(terms, upfront=upfront, royalty=royalty)
