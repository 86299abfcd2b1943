"""Who gets what when the start-up fails, and what its shares bring when it does not."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.cash_plan import BusinessPlan, debt_owed
from framerail.deal.clauses.insolvency import Ladder, distribute
from framerail.deal.clauses.transfer import Holding, Seniority, Transfer
from framerail.deal.contract import Contract
from framerail.deal.flows import PartnerFlows
from framerail.deal.instruments import Terms, equity_purchase
from framerail.deal.partners import StartUp
from framerail.numerics.calendar import QuarterGrid, at_once, fraction_after
from framerail.quantities import Scalar


def company_cash(
    transfers: dict[str, Transfer], tax_rate: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """What the deal does to the start-up's cash while both perform, after its tax."""
    kept = [
        transfers[key].payment * (1.0 - tax_rate if transfers[key].taxable else 1.0)
        for key in sorted(transfers)
    ]
    return sum(kept, start=jnp.zeros(grid.quarters))


def _ladder(
    start_up: StartUp,
    plan: BusinessPlan,
    made: Contract,
    owed_to_builder: Float[Array, "quarter"],
    grid: QuarterGrid,
) -> Ladder:
    """Everyone's claims on the estate, by name."""
    debts = start_up.debts
    owed = {key: debt_owed(debts[key], grid) for key in sorted(debts)}
    rank: dict[str, Seniority] = {key: debts[key].rank for key in owed}
    senior_to: dict[str, tuple[str, ...]] = {key: () for key in owed}
    for key in sorted(made.claims):
        claim = made.claims[key]
        if key in owed:
            raise ValueError(f"'{key}' names a debt of the start-up and a clause; rename one")
        if claim.collateral is None:
            owed[key], rank[key], senior_to[key] = claim.owed, claim.rank, claim.senior_to
    owed |= {"build fees": owed_to_builder, "trade": plan.payables}
    for key in ("build fees", "trade"):
        rank[key], senior_to[key] = "unsecured", ()
    return Ladder(owed, rank, senior_to)


def recovery(
    terms: Terms,
    start_up: StartUp,
    plan: BusinessPlan,
    made: Contract,
    owed_to_builder: Float[Array, "quarter"],
    grid: QuarterGrid,
) -> tuple[Float[Array, "quarter"], Float[Array, "claimant quarter"]]:
    """Net proceeds of an estate opened in each quarter, and what three claimants get of it."""
    estate = start_up.estate
    sales = estate.stock_recovery * start_up.business.price * plan.stock + estate.platform_value
    administration = estate.administration * (sales + start_up.minimum_cash)
    pool = jnp.maximum(sales + start_up.minimum_cash - administration, 0.0)
    free = jnp.zeros(grid.quarters)
    if terms.lien_release is not None:
        free = free + terms.lien_release.platform * estate.platform_value
    paid = distribute(pool, free, _ladder(start_up, plan, made, owed_to_builder, grid))
    zero, beside = jnp.zeros(grid.quarters), jnp.zeros(grid.quarters)
    mine, creditors = paid["build fees"], sum((paid[k] for k in start_up.debts), start=zero)
    for key in sorted(made.claims):
        claim = made.claims[key]
        if claim.collateral is not None:  # without recourse to the estate
            beside = beside + jnp.minimum(claim.owed, claim.collateral)
        elif claim.creditor == "incumbent":
            mine = mine + paid[key]
        else:
            creditors = creditors + paid[key]
    return sales - administration + beside, jnp.stack([mine + beside, creditors, paid["trade"]])


def _equity_worth(
    date: Scalar,
    start_up: StartUp,
    flows: PartnerFlows,
    deal_cash: Float[Array, "quarter"],
    grid: QuarterGrid,
) -> Scalar:
    """What all shares are worth at a date if the company lives."""
    discount = flows.start_up_discount
    later = fraction_after(date, grid) * (flows.start_up + deal_cash) * discount
    # The franchise is carried to the date at the rate that the flows are discounted with.
    there = at_once(start_up.franchise.equity_value, start_up.franchise.date, grid)
    day = at_once(jnp.ones(()), date, grid) @ discount
    return jnp.maximum((jnp.sum(later) + there @ discount) / day, 0.0)


def exit_values(
    terms: Terms,
    made: Contract,
    start_up: StartUp,
    flows: PartnerFlows,
    cash: Float[Array, "quarter"],
    grid: QuarterGrid,
) -> tuple[dict[str, Float[Array, "quarter"]], Float[Array, "quarter"]]:
    """What the incumbent's shares and notes bring, and what of it the company pays in cash."""
    found: dict[str, Float[Array, "quarter"]] = {}
    redeemed = jnp.zeros(grid.quarters)
    if terms.equity is not None:
        worth = _equity_worth(terms.equity.exit_date, start_up, flows, cash, grid)
        _, chance = equity_purchase(terms.equity, terms, grid)
        share = terms.equity.share * chance
        found["equity sale"] = at_once(share * worth, terms.equity.exit_date, grid)
    if made.outstanding is None:
        return found, redeemed
    new = sum((made.holdings[k].shares for k in sorted(made.holdings)), start=jnp.zeros(()))
    diluted = jnp.maximum(made.outstanding + new, 1.0)
    for key in sorted(made.holdings):
        holding: Holding = made.holdings[key]
        each = _equity_worth(holding.date, start_up, flows, cash, grid) / diluted
        converted = holding.shares * jnp.maximum(each - holding.strike, 0.0)
        due = jnp.where(holding.redemption > converted, holding.redemption, 0.0)
        found[key] = at_once(jnp.maximum(converted, holding.redemption), holding.date, grid)
        redeemed = redeemed + at_once(due, holding.date, grid)
    return found, redeemed
