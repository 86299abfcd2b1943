"""A convertible note on a binomial tree, discounted by how likely it is to end in shares.

What the holder will receive in cash bears the issuer's credit spread, what it will receive in
shares does not: each node discounts at the riskless rate plus the spread times the probability of
ending in cash (Goldman Sachs, Quantitative Strategies Research Notes, November 1994). The tree is
Cox, Ross and Rubinstein's (1979).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Scalar


class ConvertibleNote(eqx.Module):
    """A note that its holder may turn into shares at any time.

    Attributes:
        face: redeemed at maturity.
        coupon: per year on the face, paid every half year up to maturity.
        shares: received on conversion.
        maturity: years from now.
        put: price at which the holder may give it back at any time; zero for no put.
    """

    face: Scalar
    coupon: Scalar
    shares: Scalar
    maturity: Scalar
    put: Scalar


class ConvertibleValue(eqx.Module):
    """What a note is worth, and how likely it is to end in shares (risk-neutral)."""

    value: Scalar
    conversion: Scalar


def convertible_value(
    note: ConvertibleNote,
    spot: Scalar,
    volatility: Scalar,
    rate: Scalar,
    payout: Scalar,
    credit_spread: Scalar,
    *,
    steps: int = 800,
) -> ConvertibleValue:
    """Value a note on a stock at `spot` (per share), flat rate and credit spread.

    A coupon counts at the step nearest to its date.
    """
    step = note.maturity / steps
    up = jnp.exp(volatility * jnp.sqrt(step))
    chance = (jnp.exp((rate - payout) * step) - 1.0 / up) / (up - 1.0 / up)
    index = jnp.arange(steps + 1, dtype=jnp.float64)
    coupon = _coupons(note, steps)

    def choose(
        value: Float[Array, " node"], shares: Float[Array, " node"], level: Float[Array, ""]
    ) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """The holder's choice among going on, the put and conversion."""
        putting = value < note.put
        value, shares = jnp.where(putting, note.put, value), jnp.where(putting, 0.0, shares)
        converted = note.shares * spot * up ** (2.0 * index - level)
        converting = converted > value
        return jnp.where(converting, converted, value), jnp.where(converting, 1.0, shares)

    def expected(x: Float[Array, " node"]) -> Float[Array, " node"]:
        return chance * jnp.append(x[1:], 0.0) + (1.0 - chance) * x

    def backward(
        carry: tuple[Float[Array, " node"], Float[Array, " node"]],
        now: tuple[Float[Array, ""], Float[Array, ""]],
    ) -> tuple[tuple[Float[Array, " node"], Float[Array, " node"]], None]:
        value, shares = carry
        level, paid = now
        factor = jnp.exp(-(rate + (1.0 - shares) * credit_spread) * step)
        value, shares = choose(expected(factor * value) + paid, expected(shares), level)
        return (value, shares), None

    last = jnp.asarray(float(steps))
    ends = choose(jnp.full(steps + 1, note.face) + coupon[-1], jnp.zeros(steps + 1), last)
    levels = jnp.arange(steps, dtype=jnp.float64)
    (value, shares), _ = jax.lax.scan(backward, ends, (levels, coupon[:-1]), reverse=True)
    return ConvertibleValue(value[0], shares[0])


def _coupons(note: ConvertibleNote, steps: int) -> Float[Array, " date"]:
    """Cash at each step: half-yearly, counted back from maturity, none today."""
    left = note.maturity * (1.0 - jnp.arange(steps + 1) / steps)
    half = note.maturity / steps / 2.0
    since = jnp.mod(left + half, 0.5)
    due = (since < 2.0 * half) & (jnp.arange(steps + 1) > 0)
    return jnp.where(due, 0.5 * note.coupon * note.face, 0.0)
