"""Clauses paid in shares: convertible notes, premium tranches, warrants, equity in kind."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.clauses.conditions import ShareCapital
from framerail.deal.clauses.transfer import Claim, Holding, Seniority, SharePrice, Shares, Transfer
from framerail.numerics.calendar import (
    QUARTER,
    QuarterGrid,
    at_once,
    fraction_after,
    fraction_before,
    fraction_between,
    spread,
)
from framerail.numerics.smoothing import smooth_step
from framerail.quantities import Declared, Fraction, PositiveDollar, Rate, Scalar, Year

_WIDTH = 0.125
"""Years over which a right expires: half a quarter, the calendar's grain."""


class ConvertibleNote(Declared):
    """A note of the start-up that its holder may turn into shares at maturity."""

    face: PositiveDollar
    """Amount redeemed at maturity."""
    issue_discount: Fraction
    """Original issue discount: what is paid in is the face less this share of it."""
    coupon: Rate
    """Cash interest per year on the face."""
    date: Year
    """Date of issue."""
    maturity: Year
    """Date on which it is redeemed or converted."""
    conversion_price: SharePrice
    """Price at which the face turns into shares."""
    floor_price: SharePrice
    """Lowest price to which the conversion price resets when the shares trade below it."""
    rank: Seniority = eqx.field(static=True)
    """Rank in an insolvency."""
    put_on_delisting: Fraction
    """Share of the face that falls due when the shares lose their listing."""
    cross_default: bool = eqx.field(static=True)
    """Whether all of it falls due when other debt does."""
    senior_to: tuple[str, ...] = eqx.field(static=True, default=())
    """Claims of the same rank that are paid after it."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to its purchase."""


class PremiumShares(Declared):
    """Shares that a tranche buys, at a premium to the market."""

    premium: Rate
    """Premium of the issue price over the price at signing."""
    exit_date: Year
    """Date on which they are sold or valued."""


class Vesting(Declared):
    """One step of a vesting schedule."""

    share: Fraction
    """Share of the warrants that vests."""
    date: Year
    """When."""
    probability: Fraction
    """Probability that the step's test is met."""


class Warrants(Declared):
    """Rights of the builder to cheap shares, vesting on engineering and build milestones."""

    number: Shares
    """Shares that they buy."""
    strike: SharePrice
    """Price paid for each."""
    expiry: Year
    """Last date of exercise."""
    vesting: dict[str, Vesting]
    """Steps by name."""


class InKindEquity(Declared):
    """Shares of the start-up paid for with services, parts access or plant."""

    shares: Shares
    """Shares issued."""
    service_cost: PositiveDollar
    """What the services cost the incumbent."""
    service_value: PositiveDollar
    """What they save the start-up in cash."""
    start: Year
    """Start of the services."""
    end: Year
    """End of the services."""
    lock_up: Year
    """Date from which the shares may be sold, and are valued."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent to the exchange."""


def share_faults(
    notes: dict[str, ConvertibleNote], warrants: Warrants | None, in_kind: InKindEquity | None
) -> list[str]:
    """Dates that cannot be met."""
    found = [
        f"convertible_notes.{key}: it matures before it is issued; set a later maturity"
        for key in sorted(notes)
        if float(notes[key].maturity) <= float(notes[key].date)
    ]
    found += [
        f"convertible_notes.{key}: the floor lies above the conversion price; lower floor_price"
        for key in sorted(notes)
        if float(notes[key].floor_price) > float(notes[key].conversion_price)
    ]
    for key in sorted(warrants.vesting if warrants else {}):
        if warrants and float(warrants.expiry) <= float(warrants.vesting[key].date):
            found.append(
                f"warrants.vesting.{key}: the option expires before it starts; "
                "set a later expiry or an earlier date"
            )
    if warrants and sum(float(step.share) for step in warrants.vesting.values()) > 1.0 + 1e-9:
        found.append("warrants: more than all of them vest; let the shares add up to one")
    if in_kind and float(in_kind.lock_up) < float(in_kind.start):
        found.append("in_kind: the lock-up ends before the services start; set a later lock_up")
    return found


def note_terms(
    note: ConvertibleNote, capital: ShareCapital, chance: Scalar, due: Scalar, grid: QuarterGrid
) -> tuple[dict[str, Transfer], Claim, Holding]:
    """A note's purchase and interest, what is owed, and what it brings at maturity.

    `chance` and `due`: probability and earliest date of its purchase (conditions precedent).
    """
    bought = jnp.maximum(note.date, due)
    face = chance * note.face
    alive = fraction_between(bought, note.maturity, grid)
    price = jnp.clip(capital.price, note.floor_price, note.conversion_price)
    paid_in = at_once(face * (1.0 - note.issue_discount), bought, grid)
    owed = face * fraction_after(bought, grid) * fraction_before(note.maturity, grid)
    put = owed if note.cross_default else owed * note.put_on_delisting
    shares = face / jnp.maximum(price, 1e-6)
    return (
        {
            "purchase": Transfer(paid_in, False),
            "interest": Transfer(-QUARTER * note.coupon * face * alive, True),
        },
        Claim(owed, put, note.rank, note.senior_to),
        Holding(shares, jnp.zeros(()), note.maturity, face),
    )


def premium_holding(clause: PremiumShares, paid: Scalar, capital: ShareCapital) -> Holding:
    """Shares that `paid` dollars buy at the premium."""
    price = jnp.maximum(capital.price * (1.0 + clause.premium), 1e-6)
    return Holding(paid / price, jnp.zeros(()), clause.exit_date, jnp.zeros(()))


def warrant_holding(clause: Warrants) -> Holding:
    """What has vested by expiry."""
    vested = sum(
        (
            step.share * step.probability * smooth_step(clause.expiry - step.date, _WIDTH)
            for _, step in sorted(clause.vesting.items())
        ),
        start=jnp.zeros(()),
    )
    return Holding(clause.number * vested, clause.strike, clause.expiry, jnp.zeros(()))


def in_kind_holding(clause: InKindEquity, chance: Scalar) -> Holding:
    """The shares, at the end of the lock-up; `chance` from the conditions precedent."""
    return Holding(chance * clause.shares, jnp.zeros(()), clause.lock_up, jnp.zeros(()))


def in_kind_services(
    clause: InKindEquity, chance: Scalar, due: Scalar, grid: QuarterGrid
) -> Float[Array, "two quarter"]:
    """Cash effect of the services on incumbent and start-up, outside of the ledger."""
    start = jnp.maximum(clause.start, due)
    cost = spread(chance * clause.service_cost, start, clause.end, grid)
    return jnp.stack([-cost, spread(chance * clause.service_value, start, clause.end, grid)])
