"""Leases: what a month costs, and the price cut that a lease amounts to.

A lessee pays the part of the price that the truck loses, and interest on all of it. The lessor
takes the credit for commercial vehicles (45W) without the buyer's limits of income, assembly and
price, and passes part of it on; its own money may be cheaper than the buyer's, and the residual
value that it writes into the contract above what the truck will fetch.
"""

from typing import Annotated

import jax.numpy as jnp

from framerail.quantities import (
    Declared,
    Fraction,
    PositiveDollar,
    PositiveNumber,
    Quantity,
    Rate,
    Scalar,
)

Months = Annotated[Scalar, Quantity("month", 1.0, 120.0)]


class LeaseOffer(Declared):
    """What a lessor offers on one truck."""

    term: Months
    """Length of the contract."""
    rate: Rate
    """Interest that the lessor charges, nominal per year, paid monthly."""
    residual: PositiveNumber
    """Value written into the contract at its end, as a part of the price."""
    credit: PositiveDollar
    """Credit that the lessor can claim for the truck."""
    pass_through: Fraction
    """Part of that credit that lowers the lessee's price."""


def monthly_payment(
    price: Scalar, residual: Scalar, rate: Scalar, term: Scalar, *, reduction: Scalar
) -> Scalar:
    """Level payment at each month's end, $.

    It repays `price` less `reduction` down to `residual` ($) over `term` months at `rate` a year;
    a residual of zero is a loan.
    """
    monthly = rate / 12
    flat = jnp.abs(monthly) < 1e-9  # straight repayment in the limit
    safe = jnp.where(flat, 1.0, monthly)
    growth = (1 + safe) ** term
    owed = price - reduction
    level = safe * (owed * growth - residual) / (growth - 1)
    return jnp.where(flat, (owed - residual) / term, level)


def lease_payment(price: Scalar, offer: LeaseOffer) -> Scalar:
    """What the lessee pays a month, $."""
    return monthly_payment(
        price,
        offer.residual * price,
        offer.rate,
        offer.term,
        reduction=offer.pass_through * offer.credit,
    )


def lease_credit(price: Scalar, offer: LeaseOffer, *, buyer_rate: Scalar, resale: Scalar) -> Scalar:
    """The cut of the price, $, at which buying costs a month what the lease costs.

    The buyer borrows at `buyer_rate` a year and gets `resale`, a part of the price, at the end of
    the lease's term. Passed-through credit, cheap money and a generous residual all count, so it
    is what enters `Offers.credit` for the part of buyers that lease.
    """
    payment = lease_payment(price, offer)
    monthly = buyer_rate / 12
    flat = jnp.abs(monthly) < 1e-9
    safe = jnp.where(flat, 1.0, monthly)
    growth = (1 + safe) ** offer.term
    sold = resale * price
    borrowed = (payment * (growth - 1) / safe + sold) / growth
    return price - jnp.where(flat, payment * offer.term + sold, borrowed)


def blended_credit(purchase: Scalar, lease: Scalar, leased: Scalar) -> Scalar:
    """Credit of the mean buyer where `leased` of them lease, $."""
    return (1 - leased) * purchase + leased * lease
