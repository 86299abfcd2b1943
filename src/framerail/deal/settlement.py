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
from jaxtyping import Array, Float

from framerail.deal.cash_plan import BusinessPlan, business_plan
from framerail.deal.clauses.insolvency import AssetPurchase
from framerail.deal.clauses.transfer import Transfer
from framerail.deal.contract import contract
from framerail.deal.estate import company_cash, exit_values, recovery
from framerail.deal.flows import PartnerFlows
from framerail.deal.instruments import StepIn, Terms, royalty_per_quarter
from framerail.deal.partners import Partners, StartUp
from framerail.deal.survival import MarketAccess, Survival, expected_raise
from framerail.numerics.calendar import QUARTER, QuarterGrid, at_once, fraction_before
from framerail.quantities import Scalar

Party = Literal["incumbent", "start-up", "creditors", "suppliers", "investors", "government"]
PARTIES: tuple[Party, ...] = (
    "incumbent", "start-up", "creditors", "suppliers", "investors", "government"
)  # fmt: skip
"""Rows of the ledger, in order."""


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
        exits: what the sale of the incumbent's shares, and its notes at maturity, bring, both
            alive.
        redeemed: what of that the company has to pay in cash.
        cash: what the deal does to its cash while both perform, after its tax.
        put: debt under the deal that falls due if the shares lose their listing.
        outside: cash from and to third parties that clauses cause, of incumbent and start-up.
        unpaid: bills of the incumbent that a failure in each quarter leaves open.
        franchise: what the rest of the start-up is worth at its date.
        raised: expected new money in each quarter in which the start-up lives.
        proceeds: what an estate opened in each quarter brings, after its costs.
        recovered: what it distributes to incumbent, creditors and suppliers.
        alone: the incumbent's flows going on alone; `royalty_alone` its fees to the estate.
    """

    plan: BusinessPlan
    transfers: dict[str, Transfer]
    exits: dict[str, Float[Array, "quarter"]]
    redeemed: Float[Array, "quarter"]
    cash: Float[Array, "quarter"]
    put: Float[Array, "quarter"]
    outside: Float[Array, "two quarter"]
    unpaid: Float[Array, "quarter"]
    franchise: Float[Array, "quarter"]
    raised: Float[Array, "quarter"]
    proceeds: Float[Array, "quarter"]
    recovered: Float[Array, "claimant quarter"]
    alone: Float[Array, "quarter"]
    royalty_alone: Float[Array, "quarter"]


def open_book(
    terms: Terms,
    flows: PartnerFlows,
    partners: Partners,
    access: MarketAccess,
    grid: QuarterGrid,
    plan: BusinessPlan | None = None,
) -> Book:
    """Prepare everything that all realizations share; `plan`, if it is at hand already."""
    start_up, program = partners.start_up, flows.program
    plan = business_plan(start_up, grid) if plan is None else plan
    made = contract(terms, program, grid)
    nothing = jnp.zeros(grid.quarters)
    owed = nothing
    if terms.build_fee is not None:
        owed = -made.transfers["build fee"].payment * terms.build_fee.payment_terms / QUARTER
    proceeds, recovered = recovery(terms, start_up, plan, made, owed, grid)
    outside = sum(made.outside, start=jnp.zeros((2, grid.quarters)))
    cash = company_cash(made.transfers, start_up.tax_rate, grid) + outside[1]
    exits, redeemed = exit_values(terms, made, start_up, flows, cash, grid)
    royalty = nothing
    if terms.royalty is not None and terms.step_in is not None:
        royalty = terms.step_in.royalty_due * royalty_per_quarter(
            terms.royalty, program.incumbent_units, program.start_of_production, grid
        )
    bills = made.claims.get("reciprocal supply")
    return Book(
        plan=plan,
        transfers=made.transfers,
        exits=exits,
        redeemed=redeemed,
        cash=cash - redeemed,
        put=sum((made.claims[key].put for key in sorted(made.claims)), start=nothing),
        outside=outside,
        unpaid=owed + (bills.owed if bills is not None else nothing),
        franchise=at_once(start_up.franchise.equity_value, start_up.franchise.date, grid),
        raised=expected_raise(access) * fraction_before(start_up.franchise.date, grid),
        proceeds=proceeds,
        recovered=recovered,
        alone=flows.incumbent_alone,
        royalty_alone=royalty,
    )


def with_new_money(book: Book, survival: Survival, start_up: StartUp, grid: QuarterGrid) -> Book:
    """The book with the money that investors give, who look at the company's prospects."""
    raised = survival.new_money * fraction_before(start_up.franchise.date, grid)
    return eqx.tree_at(lambda each: each.raised, book, raised)


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


class _Bid(eqx.Module):
    """Expected effects of buying the designs out of the estate, by quarter."""

    paid: Float[Array, "quarter"]
    earned: Float[Array, "quarter"]
    forgone: Float[Array, "quarter"]
    chance: Scalar


def _asset_purchase(
    clause: AssetPurchase | None,
    start_up: StartUp,
    book: Book,
    flows: PartnerFlows,
    performing: Float[Array, "quarter"],
    failing: Float[Array, "quarter"],
    stepped_in: Scalar,
) -> _Bid:
    """The incumbent bids where it pays and no license has survived; the designs then bring the
    bid instead of what anybody else would have paid."""
    zero = jnp.zeros_like(performing)
    if clause is None:
        return _Bid(zero, zero, zero, jnp.zeros(()))
    gap = clause.delay / QUARTER
    earned = clause.completeness * delayed(book.alone * (1.0 - performing), gap)
    earned = earned - failing * clause.cost
    worth = (earned - failing * clause.bid) @ flows.incumbent_discount
    fails = jnp.sum(failing)
    left = 1.0 - stepped_in / jnp.maximum(fails, 1e-9)
    chance = jnp.where(worth > 0.0, clause.probability * jnp.clip(left, 0.0, 1.0), 0.0)
    estate = start_up.estate
    others = jnp.minimum(estate.platform_value * (1.0 - estate.administration), clause.bid)
    forgone = estate_payments((others * jnp.ones_like(zero))[None], failing, estate.delay)[0]
    return _Bid(chance * failing * clause.bid, chance * earned, chance * forgone, chance * fails)


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
    sold = {key: book.exits[key] * performing for key in sorted(book.exits)}
    raised, owned, part = _new_money(book, performing)
    if terms.equity is not None and terms.equity.anti_dilution is not None:
        # New investors' shares dilute the stake, but for what it is protected from.
        kept = 1.0 - (1.0 - terms.equity.anti_dilution) * part
        sold["equity sale"] = kept * sold["equity sale"]
    payer = {key: book.transfers[key].payer for key in paid}
    zero = jnp.zeros(grid.quarters)
    lent = sum((paid[key] for key in paid if payer[key] == "creditors"), start=zero)
    deal = sum((paid[key] for key in paid if payer[key] == "incumbent"), start=zero)
    deal = deal - sum(sold.values(), start=zero)
    taxed = {key: paid[key] for key in paid if book.transfers[key].taxable}
    tax = start_up.tax_rate * sum(taxed.values(), start=zero)
    relief = incumbent.tax_rate * sum(
        (taxed[key] for key in taxed if payer[key] == "incumbent"), start=zero
    )
    bid = _asset_purchase(terms.asset_purchase, start_up, book, flows, performing, failing, chance)
    counted = performing * fraction_before(start_up.franchise.date, grid)
    service, old_bills = plan.debt_service * counted, plan.suppliers * counted
    ledger = jnp.stack(
        [
            -deal + relief + recovered[0] - to_estate,
            deal + lent - tax - service - old_bills - jnp.sum(recovered, axis=0) + raised - owned,
            service + recovered[1] + to_estate - lent,
            old_bills + recovered[2],
            owned - raised,
            tax - relief,
        ]
    )
    # The receivable that a failure leaves unpaid was booked as paid: take it back.
    unpaid = book.unpaid * failing
    ledger = ledger.at[0].add(-unpaid).at[1].add(unpaid)
    own_business = plan.operating * counted + book.franchise * performing
    external = jnp.stack(
        [
            flows.incumbent * performing + alone,
            flows.start_up * performing + own_business + net_proceeds,
            *[jnp.zeros(grid.quarters)] * (len(PARTIES) - 2),
        ]
    )
    external = external.at[:2].add(book.outside * performing[None, :])
    if incumbent.exposure is not None:
        sold_before = jnp.cumsum(flows.program.incumbent_units * performing)
        orphaned = incumbent.exposure.warranty_per_truck * sold_before
        left = failing * (orphaned + incumbent.exposure.supplier_claims)
        external = external.at[0].add(-left)
    if terms.asset_purchase is not None:
        ledger = ledger.at[0].add(-bid.paid).at[2].add(bid.paid - bid.forgone)
        ledger = ledger.at[1].add(bid.forgone)
        external = external.at[0].add(bid.earned).at[1].add(-bid.forgone)
        chance = chance + bid.chance
    transfers = {key: jnp.sum(paid[key]) for key in paid if payer[key] == "incumbent"}
    transfers["equity sale"] = jnp.zeros(())
    transfers |= {key: -jnp.sum(sold[key]) for key in sold}
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
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"], Scalar]:
    """What new investors put in, what they own of the franchise at its date, and their share."""
    raised = book.raised * performing
    total, worth = jnp.sum(raised), jnp.sum(book.franchise)
    share = total / jnp.maximum(total + worth, 1.0)
    return raised, share * book.franchise * performing, share
