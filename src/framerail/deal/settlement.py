"""What everyone has when the deal is settled: one realization of the start-up's failure time.

The ledger books transfers between parties and nothing else, so each of its columns sums to zero.
Money from and to the outside (buyers of trucks and cars, ordinary suppliers, proceeds of an
estate) is external. A party's value is the present value of its external flows and its ledger.

The start-up's row is its present shareholders': what new investors put in is a receipt, and at the
franchise's date they own their share of it, bought at its value then.
"""

from typing import Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.deal.instruments import (
    EquityStake,
    SharedProgram,
    StepIn,
    Terms,
    Transfer,
    deal_transfers,
    royalty_per_quarter,
)
from framerail.deal.partners import RANKS, BusinessPlan, Partners, StartUp, business_plan
from framerail.deal.survival import MarketAccess, expected_raise
from framerail.numerics.calendar import (
    QUARTER,
    QuarterGrid,
    at_once,
    fraction_after,
    fraction_before,
)
from framerail.quantities import Scalar

Party = Literal["incumbent", "start-up", "creditors", "suppliers", "investors", "government"]
PARTIES: tuple[Party, ...] = (
    "incumbent", "start-up", "creditors", "suppliers", "investors", "government"
)  # fmt: skip
"""Rows of the ledger, in order."""


class PartnerFlows(eqx.Module):
    """What the engine brings: each partner's cash from the program before any deal transfer.

    Attributes:
        program: quantities that the instruments refer to.
        incumbent: its cash while both perform, after its own tax; it pays for building both
            brands' trucks and for plant and tooling (dollars).
        start_up: its cash from the shared program while both perform; it pays for platform
            engineering and sells its trucks without paying for their assembly (dollars).
        incumbent_alone: the incumbent's cash from the program when it goes on alone, on the
            undelayed calendar (dollars).
        incumbent_discount: discount factor of each quarter for the incumbent's flows.
        start_up_discount: the same for the start-up's flows.
        others_discount: the same for everyone else.
    """

    program: SharedProgram
    incumbent: Float[Array, "quarter"]
    start_up: Float[Array, "quarter"]
    incumbent_alone: Float[Array, "quarter"]
    incumbent_discount: Float[Array, "quarter"]
    start_up_discount: Float[Array, "quarter"]
    others_discount: Float[Array, "quarter"]


class Settlement(eqx.Module):
    """The books of one realization.

    Attributes:
        ledger: transfers received less paid, by party in the order of `PARTIES` (dollars).
        external: cash from outside less paid to outside, by party (dollars).
        value: present value by party at the calendar's start (dollars).
        transfers: total paid by the incumbent to the start-up under each clause, undiscounted.
        stepped_in: probability that the incumbent goes on alone after the failure; zero if none.
    """

    ledger: Float[Array, "party quarter"]
    external: Float[Array, "party quarter"]
    value: Float[Array, "party"]
    transfers: dict[str, Scalar]
    stepped_in: Scalar


class Book(eqx.Module):
    """All that does not depend on when the start-up fails; see `open_book`.

    Attributes:
        plan: the start-up's present business.
        transfers: payments under each clause, both performing.
        exit_payment: what the sale of the incumbent's shares brings, both alive.
        franchise: what the rest of the start-up is worth at its date.
        raised: expected new money in each quarter in which the start-up lives.
        proceeds: what an estate opened in each quarter brings, after its costs.
        recovered: what it distributes to incumbent, creditors and suppliers.
        alone: the incumbent's flows going on alone; `royalty_alone` its fees to the estate.
    """

    plan: BusinessPlan
    transfers: dict[str, Transfer]
    exit_payment: Float[Array, "quarter"]
    franchise: Float[Array, "quarter"]
    raised: Float[Array, "quarter"]
    proceeds: Float[Array, "quarter"]
    recovered: Float[Array, "claimant quarter"]
    alone: Float[Array, "quarter"]
    royalty_alone: Float[Array, "quarter"]


def waterfall(
    pool: Float[Array, "..."], claims: Float[Array, "rank ..."]
) -> Float[Array, "rank ..."]:
    """Distribution of a pool by rank: each rank is paid in full before the next gets anything."""
    ahead = jnp.cumsum(claims, axis=0) - claims
    return jnp.clip(pool[None] - ahead, 0.0, claims)


def company_cash(transfers: dict[str, Transfer], tax_rate: Scalar) -> Float[Array, "quarter"]:
    """What the deal does to the start-up's cash while both perform, after its tax."""
    kept = [
        transfers[key].payment * (1.0 - tax_rate if transfers[key].taxable else 1.0)
        for key in sorted(transfers)
    ]
    return jnp.sum(jnp.stack(kept), axis=0)


def _recovery(
    start_up: StartUp, plan: BusinessPlan, owed_to_builder: Float[Array, "quarter"]
) -> tuple[Float[Array, "quarter"], Float[Array, "claimant quarter"]]:
    """Net proceeds of an estate opened in each quarter, and what three claimants get of it."""
    estate = start_up.estate
    sales = estate.stock_recovery * start_up.business.price * plan.stock + estate.platform_value
    administration = estate.administration * (sales + start_up.minimum_cash)
    secured, unsecured = plan.debt[RANKS.index("secured")], plan.debt[RANKS.index("unsecured")]
    unsecured_all = unsecured + plan.payables + owed_to_builder
    pool = jnp.maximum(sales + start_up.minimum_cash - administration, 0.0)
    paid = waterfall(pool, jnp.stack([secured, unsecured_all]))
    rate = paid[1] / jnp.maximum(unsecured_all, 1.0)  # below a dollar of claims nothing is lost
    recovered = jnp.stack([owed_to_builder * rate, paid[0] + unsecured * rate,
                           plan.payables * rate])  # fmt: skip
    return sales - administration, recovered


def _exit(
    clause: EquityStake,
    start_up: StartUp,
    flows: PartnerFlows,
    deal_cash: Float[Array, "quarter"],
    grid: QuarterGrid,
) -> Float[Array, "quarter"]:
    """What the incumbent's shares bring at their exit date if the company lives."""
    day = at_once(jnp.ones(()), clause.exit_date, grid)
    discount = flows.start_up_discount
    later = fraction_after(clause.exit_date, grid) * (flows.start_up + deal_cash) * discount
    # The franchise is carried to the exit date at the rate that the flows are discounted with.
    there = at_once(start_up.franchise.equity_value, start_up.franchise.date, grid)
    worth = (jnp.sum(later) + there @ discount) / (day @ discount)
    return day * clause.share * jnp.maximum(worth, 0.0)


def open_book(
    terms: Terms,
    flows: PartnerFlows,
    partners: Partners,
    access: MarketAccess,
    grid: QuarterGrid,
) -> Book:
    """Prepare everything that all realizations share."""
    start_up, program = partners.start_up, flows.program
    plan = business_plan(start_up, grid)
    transfers = deal_transfers(terms, program, grid)
    nothing = jnp.zeros(grid.quarters)
    owed = nothing
    if terms.build_fee is not None:
        owed = -transfers["build fee"].payment * terms.build_fee.payment_terms / QUARTER
    proceeds, recovered = _recovery(start_up, plan, owed)
    sold = nothing
    if terms.equity is not None:
        cash = company_cash(transfers, start_up.tax_rate)
        sold = _exit(terms.equity, start_up, flows, cash, grid)
    royalty = nothing
    if terms.royalty is not None and terms.step_in is not None:
        royalty = terms.step_in.royalty_due * royalty_per_quarter(
            terms.royalty, program.incumbent_units, program.start_of_production, grid
        )
    return Book(
        plan=plan,
        transfers=transfers,
        exit_payment=sold,
        franchise=at_once(start_up.franchise.equity_value, start_up.franchise.date, grid),
        raised=expected_raise(access) * fraction_before(start_up.franchise.date, grid),
        proceeds=proceeds,
        recovered=recovered,
        alone=flows.incumbent_alone,
        royalty_alone=royalty,
    )


def delayed(flow: Float[Array, "quarter"], quarters: Scalar) -> Float[Array, "quarter"]:
    """The flow shifted later by a fractional number of quarters; the end falls off."""
    index = jnp.arange(flow.shape[0], dtype=flow.dtype)
    weight = jnp.clip(1.0 - jnp.abs(index[:, None] - index[None, :] - quarters), 0.0, 1.0)
    return weight @ flow


def _going_on_alone(
    step_in: StepIn | None,
    book: Book,
    flows: PartnerFlows,
    performing: Float[Array, "quarter"],
    failing: Float[Array, "quarter"],
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"], Scalar]:
    """Expected external flow of the incumbent after the failure, its payments to the estate, and
    the probability that it steps in: it does where that is worth more than stopping."""
    if step_in is None:
        return jnp.zeros_like(performing), jnp.zeros_like(performing), jnp.zeros(())
    gap = step_in.delay / QUARTER
    earned = delayed(book.alone * (1.0 - performing), gap) - failing * step_in.cost
    owed = delayed(book.royalty_alone * (1.0 - performing), gap) + failing * step_in.fee
    worth = (earned - owed) @ flows.incumbent_discount
    chance = jnp.where(worth > 0.0, step_in.license_survival, 0.0)
    return chance * earned, chance * owed, chance * jnp.sum(failing)


def settle_at(
    terms: Terms,
    flows: PartnerFlows,
    partners: Partners,
    book: Book,
    default_time: Scalar,
    grid: QuarterGrid,
) -> Settlement:
    """Settle one realization.

    Args:
        terms: the term sheet.
        flows: both partners' program cash.
        partners: both partners.
        book: `open_book` of the same terms, flows and partners.
        default_time: quarters from the calendar's start to the start-up's failure; the number
            of quarters if it outlives the calendar.
        grid: the calendar.
    """
    start_up, incumbent, plan = partners.start_up, partners.incumbent, book.plan
    index = jnp.arange(grid.quarters, dtype=jnp.float64)
    performing = jnp.clip(default_time - index, 0.0, 1.0)
    failing = jnp.append(1.0, performing[:-1]) - performing
    alone, to_estate, chance = _going_on_alone(terms.step_in, book, flows, performing, failing)
    recovered = estate_payments(book.recovered, failing, start_up.estate.delay)
    net_proceeds = estate_payments(book.proceeds[None], failing, start_up.estate.delay)[0]
    paid = {key: book.transfers[key].payment * performing for key in sorted(book.transfers)}
    sold = book.exit_payment * performing
    deal = sum(paid.values(), start=jnp.zeros(grid.quarters)) - sold
    taxed = sum(
        (paid[key] for key in paid if book.transfers[key].taxable),
        start=jnp.zeros(grid.quarters),
    )
    relief, tax = incumbent.tax_rate * taxed, start_up.tax_rate * taxed
    counted = performing * fraction_before(start_up.franchise.date, grid)
    service, old_bills = plan.debt_service * counted, plan.suppliers * counted
    raised, owned = _new_money(book, performing)
    ledger = jnp.stack(
        [
            -deal + relief + recovered[0] - to_estate,
            deal - tax - service - old_bills - jnp.sum(recovered, axis=0) + raised - owned,
            service + recovered[1] + to_estate,
            old_bills + recovered[2],
            owned - raised,
            tax - relief,
        ]
    )
    # The receivable that a failure leaves unpaid was booked as paid: take it back.
    unpaid = _unpaid_build_fees(terms, book, failing)
    ledger = ledger.at[0].add(-unpaid).at[1].add(unpaid)
    own_business = plan.operating * counted + book.franchise * performing
    external = jnp.stack(
        [
            flows.incumbent * performing + alone,
            flows.start_up * performing + own_business + net_proceeds,
            *[jnp.zeros(grid.quarters)] * (len(PARTIES) - 2),
        ]
    )
    transfers = {key: jnp.sum(paid[key]) for key in sorted(paid)}
    transfers["equity sale"] = -jnp.sum(sold)
    return Settlement(
        ledger=ledger,
        external=external,
        value=jnp.sum((ledger + external) * discounts(flows), axis=1),
        transfers=transfers,
        stepped_in=chance,
    )


def discounts(flows: PartnerFlows) -> Float[Array, "party quarter"]:
    """Discount factors by party."""
    others = [flows.others_discount] * (len(PARTIES) - 2)
    return jnp.stack([flows.incumbent_discount, flows.start_up_discount, *others])


def estate_payments(
    by_quarter: Float[Array, "claimant quarter"], failing: Float[Array, "quarter"], delay: Scalar
) -> Float[Array, "claimant quarter"]:
    """Payments of an estate whose size is known for a failure in each quarter."""
    index = jnp.arange(failing.shape[0], dtype=failing.dtype)
    gap = index[:, None] - index[None, :] - delay / QUARTER
    return (by_quarter * failing[None, :]) @ jnp.clip(1.0 - jnp.abs(gap), 0.0, 1.0).T


def _new_money(
    book: Book, performing: Float[Array, "quarter"]
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"]]:
    """What new investors put in, and what they own of the franchise at its date."""
    raised = book.raised * performing
    total, worth = jnp.sum(raised), jnp.sum(book.franchise)
    share = total / jnp.maximum(total + worth, 1.0)
    return raised, share * book.franchise * performing


def _unpaid_build_fees(
    terms: Terms, book: Book, failing: Float[Array, "quarter"]
) -> Float[Array, "quarter"]:
    if terms.build_fee is None:
        return jnp.zeros_like(failing)
    fees = -book.transfers["build fee"].payment
    return fees * failing * terms.build_fee.payment_terms / QUARTER


def books_balance(settlement: Settlement) -> Bool[Array, ""]:
    """Whether what one party pays another receives, to the cent in every quarter."""
    return jnp.max(jnp.abs(jnp.sum(settlement.ledger, axis=0))) < 0.01
