"""What a clause turns into: dated payments, claims on an estate, shares."""

from typing import Annotated, Literal

import equinox as eqx
from jaxtyping import Array, Float

from framerail.quantities import Quantity, Scalar

Seniority = Literal["super-senior", "secured", "unsecured", "subordinated"]
SENIORITIES: tuple[Seniority, ...] = ("super-senior", "secured", "unsecured", "subordinated")
"""Ranks of claims on an estate, the first paid first; trade creditors are unsecured."""

Lender = Literal["incumbent", "creditors"]

TrucksPerYear = Annotated[Scalar, Quantity("truck/year", 0.0, 1e7)]
DollarPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 1e6)]
Shares = Annotated[Scalar, Quantity("dimensionless", 0.0, 1e12)]
"""A number of shares."""
SharePrice = Annotated[Scalar, Quantity("dollar", 0.0, 1e5)]
"""Dollars a share."""
PerYear = Annotated[Scalar, Quantity("1/year", 0.0, 50.0)]


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
        payment: from the payer to the start-up, negative the other way (dollars).
        taxable: whether it is income of the one and expense of the other.
        payer: who stands on the other side.
    """

    payment: Float[Array, "quarter"]
    taxable: bool = eqx.field(static=True)
    payer: Lender = eqx.field(static=True, default="incumbent")


class Claim(eqx.Module):
    """What the start-up owes under one clause.

    Attributes:
        owed: if it fails in each quarter (dollars).
        put: what of it falls due if the shares lose their listing in each quarter (dollars).
        rank: rank in an insolvency.
        senior_to: names of claims of the same rank that are paid after it.
        creditor: whom it is owed to.
        collateral: for a claim without recourse to the estate, what it can look to (dollars).
    """

    owed: Float[Array, "quarter"]
    put: Float[Array, "quarter"]
    rank: Seniority = eqx.field(static=True)
    senior_to: tuple[str, ...] = eqx.field(static=True, default=())
    creditor: Lender = eqx.field(static=True, default="incumbent")
    collateral: Scalar | None = None


class Holding(eqx.Module):
    """Shares, or a right to shares, that the incumbent cashes on one date.

    Attributes:
        shares: number of shares.
        strike: paid for each on exercise (dollars); zero for shares already paid.
        date: when they are sold or valued.
        redemption: cash due instead where that is more (dollars); zero for none.
    """

    shares: Scalar
    strike: Scalar
    date: Scalar
    redemption: Scalar
