"""Money lent: the secured bridge, the loan with limited recourse, the conditional commitment."""

import equinox as eqx
import jax.numpy as jnp

from framerail.deal.clauses.transfer import Claim, Lender, Seniority, Transfer
from framerail.numerics.calendar import (
    QUARTER,
    QuarterGrid,
    at_once,
    fraction_after,
    fraction_before,
    fraction_between,
)
from framerail.quantities import Declared, Fraction, PositiveDollar, Rate, Scalar, Year


class Draw(Declared):
    """One draw of a loan."""

    face: PositiveDollar
    """Face of the notes drawn."""
    date: Year
    """Date of the draw."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to it."""


class SecuredBridge(Declared):
    """Short secured money until something larger comes."""

    lender: Lender = eqx.field(static=True)
    """Who lends: the incumbent, or the start-up's creditors."""
    draws: dict[str, Draw]
    """Draws by name."""
    issue_discount: Fraction
    """Original issue discount on every draw."""
    base_rate: Rate
    """Reference rate per year (three-month SOFR)."""
    spread: Rate
    """Interest over the reference rate, per year."""
    maturity: Year
    """Date on which all of it falls due."""
    rank: Seniority = eqx.field(static=True)
    """Rank in an insolvency."""
    senior_to: tuple[str, ...] = eqx.field(static=True, default=())
    """Claims of the same rank that are paid after it."""
    cross_default: bool = eqx.field(static=True, default=True)
    """Whether it falls due when other debt does."""


class VentureLoan(Declared):
    """A loan to the start-up that can look to its share of the joint venture only."""

    amount: PositiveDollar
    """Amount lent."""
    date: Year
    """Date of the draw."""
    maturity: Year
    """Date of repayment."""
    interest: Rate
    """Interest per year."""
    collateral: PositiveDollar
    """What the share of the venture brings if the start-up fails."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to the draw."""


class Commitment(Declared):
    """Money promised under conditions: worth its probability of being paid, not its face."""

    amount: PositiveDollar
    """Most that may be called."""
    date: Year
    """Date of payment if it is funded."""
    probability: Fraction
    """Probability of funding, its conditions being fulfilled."""
    exclusivity_end: Year
    """End of exclusivity: from here the break fee is no longer owed."""
    break_fee: PositiveDollar
    """Paid by the incumbent if it does not fund while it is bound."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to the payment."""


def loan_faults(
    bridge: SecuredBridge | None, loan: VentureLoan | None, commitment: Commitment | None
) -> list[str]:
    """Dates that cannot be met."""
    found = []
    for key in sorted(bridge.draws if bridge else {}):
        if bridge and float(bridge.maturity) <= float(bridge.draws[key].date):
            found.append(
                f"bridge.draws.{key}: it falls due before it is drawn; set a later maturity"
            )
    if loan and float(loan.maturity) <= float(loan.date):
        found.append("venture_loan: it falls due before it is drawn; set a later maturity")
    if commitment and float(commitment.exclusivity_end) < float(commitment.date):
        found.append(
            "commitment: exclusivity ends before the money is due; set a later exclusivity_end"
        )
    return found


def lent(
    face: Scalar,
    paid_in: Scalar,
    interest: Scalar,
    date: Scalar,
    maturity: Scalar,
    lender: Lender,
    grid: QuarterGrid,
) -> tuple[dict[str, Transfer], Claim]:
    """A loan's principal and interest, and what is owed meanwhile (unsecured until ranked)."""
    principal = at_once(paid_in, date, grid) - at_once(face, maturity, grid)
    running = -QUARTER * interest * face * fraction_between(date, maturity, grid)
    owed = face * fraction_after(date, grid) * fraction_before(maturity, grid)
    return (
        {
            "principal": Transfer(principal, False, lender),
            "interest": Transfer(running, True, lender),
        },
        Claim(owed, jnp.zeros_like(owed), "unsecured", (), lender),
    )
