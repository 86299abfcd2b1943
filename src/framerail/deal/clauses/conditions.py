"""Conditions precedent, long-stop date, share capital, change of control, termination."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from framerail.deal.clauses.ordering import circles, everything_before
from framerail.deal.clauses.transfer import PerYear, SharePrice, Shares
from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_between
from framerail.numerics.smoothing import smooth_step
from framerail.quantities import Declared, Fraction, PositiveDollar, Scalar, Year

DEADLINE_WIDTH = 0.125
"""Years over which a deadline's pass probability falls: half a quarter, the calendar's grain."""


class Condition(Declared):
    """A condition precedent."""

    probability: Fraction
    """Probability that it is fulfilled, given those that it requires."""
    date: Year
    """When it is fulfilled if it is."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions that have to be fulfilled first."""


class ShareCapital(Declared):
    """The start-up's share capital at signing: the base of every clause in shares."""

    outstanding: Shares
    """Shares outstanding before the deal."""
    price: SharePrice
    """Market price of a share at signing."""
    volatility: PerYear
    """Volatility of the price, per square root of a year."""
    date: Year
    """Date of that price."""


class ChangeOfControl(Declared):
    """What is due to the incumbent when somebody else buys the start-up."""

    rate: PerYear
    """Rate at which that happens."""
    payment: PositiveDollar
    """Paid to the incumbent."""
    start: Year
    """Start of the protection."""
    end: Year
    """End of the protection."""


class Termination(Declared):
    """The incumbent's right to end the agreement against a fee."""

    rate: PerYear
    """Rate at which it uses the right."""
    fee: PositiveDollar
    """Paid to the start-up."""
    start: Year
    """First date of the right."""
    end: Year
    """Last date of the right."""


class Consent(Declared):
    """The incumbent's consent to new money, by a seat on the board or by covenant."""

    raises_refused: Fraction
    """Share of raises that fail for want of its consent, from signing on."""


class Refusal(Declared):
    """The payer's right to refuse while the share price is too low."""

    price_floor: SharePrice
    """Price below which payment may be refused."""


def condition_faults(conditions: Mapping[str, Condition]) -> list[str]:
    """Circles and unknown names among the conditions."""
    after = {key: conditions[key].requires for key in conditions}
    found = [
        f"conditions: {' -> '.join(chain)} is circular, so that none of them can be met first; "
        "take one `requires` out"
        for chain in circles(after)
    ]
    return found + [
        f"conditions.{key}: requires '{other}', which is no condition of this term sheet; "
        f"define conditions.{other} or take it out"
        for key in sorted(after)
        for other in after[key]
        if other not in after
    ]


def fulfilled(
    requires: tuple[str, ...],
    conditions: Mapping[str, Condition] | None,
    long_stop: Scalar | None,
) -> tuple[Scalar, Scalar]:
    """Probability that all that a clause requires is fulfilled in time, and when (decimal year;
    far in the past where nothing is required)."""
    after = {key: (conditions or {})[key].requires for key in sorted(conditions or {})}
    wanted = {*requires, *(o for name in requires for o in everything_before(name, after))}
    chance, date = jnp.ones(()), jnp.zeros(())
    for name in sorted(wanted & after.keys()):
        condition = (conditions or {})[name]
        chance, date = chance * condition.probability, jnp.maximum(date, condition.date)
    if wanted and long_stop is not None:
        chance = chance * smooth_step(long_stop - date, DEADLINE_WIDTH)
    return chance, date


def not_refused(refusal: Refusal | None, capital: ShareCapital | None, date: Scalar) -> Scalar:
    """Probability that the price is above the floor on the date: lognormal without drift."""
    if refusal is None or capital is None:
        return jnp.ones(())
    years = jnp.maximum(date - capital.date, 1e-3)
    spread = jnp.maximum(capital.volatility, 1e-3) * jnp.sqrt(years)
    floor = jnp.maximum(refusal.price_floor, 1e-6)
    return ndtr((jnp.log(jnp.maximum(capital.price, 1e-6) / floor)) / spread - 0.5 * spread)


def at_a_rate(
    amount: Scalar, rate: Scalar, start: Scalar, end: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Expected payment of an amount due once, at the first event of a constant rate."""
    hazard = rate * QUARTER * fraction_between(start, end, grid)
    before = jnp.cumsum(hazard) - hazard
    return amount * jnp.exp(-before) * -jnp.expm1(-hazard)
