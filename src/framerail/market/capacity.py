"""Prices where some products cannot be sold beyond a volume: caps and their shadow prices.

A firm that can build no more than `volume` of some products chooses prices at which no more is
asked for. Its first-order conditions are those of `pricing` with the cap's shadow price on top of
marginal cost, and

    0 <= shadow price   complementary to   volume - sales >= 0.

Where the price is fixed from outside, it cannot clear the market: buyers then pay the shadow
price beside it, by waiting or to a reseller, and the seller does not get it. A cap over products
of several firms (one plant builds for both) has one shadow price for all of them: the normalized
equilibrium of Rosen (1965, Econometrica 33, 520).

The conditions are written as one equation per cap by the function of Fischer (1992,
Optimization 24, 269), phi(a, b) = a + b - sqrt(a^2 + b^2), which is zero exactly where a and b
are complementary, and solved by a damped semismooth Newton method. Both sides are in utils, shadow
price times price sensitivity and log of volume over sales, between which a logit market is
nearly linear.
"""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.market import outcomes
from framerail.market.buyers import Buyers
from framerail.market.equilibrium import (
    EXACT,
    Accuracy,
    MarketEquilibrium,
    Offers,
    equilibrium,
)
from framerail.market.pricing import Ownership
from framerail.numerics.linear import solve
from framerail.numerics.outcome import flag

COMPLEMENTARY = 1e-9
"""Largest |phi|, utils, that counts as solved: a billionth of sales, or 1e-5 dollars."""
LONGEST = 4.0
"""Utils by which one step moves a shadow price at most."""


class Caps(eqx.Module):
    """Volumes that cannot be exceeded, each over one product or several together."""

    member: Float[Array, "cap product"]
    """One where the product counts toward the cap."""
    volume: Float[Array, " cap"]
    """Trucks a year, above zero; infinite for no cap."""


class CappedEquilibrium(eqx.Module):
    """Prices that no firm wants to change alone, within what can be built."""

    market: MarketEquilibrium
    """Prices, shares and profits; profits at marginal cost without shadow prices."""
    shadow_price: Float[Array, " cap"]
    """$ a year's profit per truck more: zero where the cap does not bind."""
    slack: Float[Array, " cap"]
    """Trucks below the volume, or below all buyers where that is less."""
    wait: Float[Array, " product"]
    """$ that buyers of a product with a fixed price bear beside it; zero elsewhere."""
    residual: Float[Array, " cap"]
    """phi, utils; zero where shadow price and slack are complementary."""
    iterations: Int[Array, ""]
    """Newton steps, shortened ones included."""
    outcome: Int[Array, ""]
    """Bits of `OUTCOMES`, those of the market included; zero is fine."""


class _Capped(NamedTuple):
    buyers: Buyers
    offers: Offers
    ownership: Ownership
    caps: Caps
    unit: Float[Array, ""]
    """Mean price sensitivity: turns $ into utils."""


def _offers_at(shadow: Float[Array, " cap"], market: _Capped) -> Offers:
    """Offers at shadow prices: costs of those that set prices, what buyers of the others bear."""
    offers = market.offers
    per_truck = shadow @ market.caps.member
    return dataclasses.replace(
        offers,
        marginal_cost=offers.marginal_cost + (1 - offers.fixed_price) * per_truck,
        credit=offers.credit - offers.fixed_price * per_truck,
    )


def _complementarity(
    shadow: Float[Array, " cap"], sold: Float[Array, " cap"], market: _Capped
) -> Float[Array, " cap"]:
    """phi of shadow price and slack, in utils."""
    limited = jnp.isfinite(market.caps.volume)
    volume = jnp.where(limited, market.caps.volume, 1.0)
    room = jnp.log(volume) - jnp.log(jnp.maximum(sold, 1e-300))
    room = jnp.where(limited, room, 1.0)
    dear = market.unit * shadow
    length = dear**2 + room**2
    corner = length <= 0
    return dear + room - jnp.where(corner, 0.0, jnp.sqrt(jnp.where(corner, 1.0, length)))


def _gaps(
    shadow: Float[Array, " cap"],
    market: _Capped,
    start_price: Float[Array, " product"],
    accuracy: Accuracy,
) -> tuple[Float[Array, " cap"], Float[Array, " product"]]:
    """Complementarity at the price equilibrium under these shadow prices, and its prices."""
    offers = _offers_at(shadow, market)
    solved = equilibrium(market.buyers, offers, market.ownership, start_price, accuracy)
    return _complementarity(shadow, market.caps.member @ solved.quantity, market), solved.price


class _State(NamedTuple):
    shadow: Float[Array, " cap"]
    """Best so far."""
    gap: Float[Array, " cap"]
    price: Float[Array, " product"]
    step: Float[Array, " cap"]
    """Newton's, bounded."""
    part: Float[Array, ""]
    """Part of it that is tried next."""
    tries: Int[Array, ""]


def _newton(
    market: _Capped, start_price: Float[Array, " product"], accuracy: Accuracy, most: int
) -> tuple[Float[Array, " cap"], Float[Array, " product"], Int[Array, ""]]:
    """Shadow prices by semismooth Newton steps, halved until they make |phi| smaller."""

    def slopes(shadow: Array, price: Array) -> tuple[Array, tuple[Array, Array]]:
        def gaps(at: Array) -> tuple[Array, tuple[Array, Array]]:
            gap, found = _gaps(at, market, price, accuracy)
            return gap, (gap, found)

        return jax.jacfwd(gaps, has_aux=True)(shadow)

    def tried(shadow: Array, price: Array) -> tuple[Array, Array, Array]:
        slope, (gap, found) = slopes(shadow, price)
        step = -solve(slope, gap)
        longest = jnp.max(jnp.abs(step)) * market.unit
        step = step * jnp.minimum(1.0, LONGEST / jnp.maximum(longest, 1e-300))
        return gap, found, jnp.where(jnp.all(jnp.isfinite(step)), step, -gap / market.unit)

    def unfinished(state: _State) -> Bool[Array, ""]:
        return (jnp.max(jnp.abs(state.gap)) > 1e-3 * COMPLEMENTARY) & (state.tries < most)

    def advance(state: _State) -> _State:
        shadow = state.shadow + state.part * state.step
        gap, price, step = tried(shadow, state.price)
        better = (jnp.sum(gap**2) < jnp.sum(state.gap**2)) | (state.part < 1e-3)
        new = _State(shadow, gap, price, step, jnp.ones(()), state.tries + 1)
        shorter = state._replace(part=state.part / 2, tries=state.tries + 1)
        return jax.tree_util.tree_map(lambda a, b: jnp.where(better, a, b), new, shorter)

    zero = jnp.zeros(market.caps.volume.shape)
    gap, price, step = tried(zero, start_price)
    begin = _State(zero, gap, price, step, jnp.ones(()), jnp.zeros((), dtype=jnp.int32))
    end = jax.lax.while_loop(unfinished, advance, begin)
    return end.shadow, end.price, end.tries


def capped_equilibrium(
    buyers: Buyers,
    offers: Offers,
    ownership: Ownership,
    caps: Caps,
    start_price: Float[Array, " product"],
    accuracy: Accuracy = EXACT,
    max_iterations: int = 60,
) -> CappedEquilibrium:
    """Prices and shadow prices together.

    Differentiable (first order) in every input except `start_price`, away from the points at which
    a cap just begins to bind: there the derivative is from one side.

    **Arguments:** as for `equilibrium`, and

    - `caps`: volumes; a product may be in several.
    - `max_iterations`: Newton steps at most.
    """
    unit = buyers.weight @ buyers.sensitivity
    market = _Capped(buyers, offers, ownership, caps, unit)
    held = jax.lax.stop_gradient(market)
    found, price, count = _newton(
        held, jax.lax.stop_gradient(start_price), accuracy, max_iterations
    )  # fmt: skip
    found, price = jax.lax.stop_gradient((found, price))
    slope = jax.jacfwd(lambda at: _gaps(at, held, price, accuracy)[0])(found)
    # The value of this step is nothing; its derivative in the inputs is the implicit one.
    gap = _gaps(found, market, price, accuracy)[0]
    moved = gap - jax.lax.stop_gradient(gap)
    shadow = found - solve(jax.lax.stop_gradient(slope), moved)
    shadow = jnp.where(jnp.all(jnp.isfinite(shadow)), shadow, found)
    solved = equilibrium(buyers, _offers_at(shadow, market), ownership, price, accuracy)
    return _report(shadow, solved, market, count)


def _report(
    shadow: Float[Array, " cap"], solved: MarketEquilibrium, market: _Capped, count: Int[Array, ""]
) -> CappedEquilibrium:
    sold = market.caps.member @ solved.quantity
    residual = _complementarity(shadow, sold, market)
    markup = solved.price - market.offers.marginal_cost
    outcome = solved.outcome | flag(
        ~(jnp.max(jnp.abs(residual)) <= COMPLEMENTARY), outcomes.CAP_NOT_MET
    )
    own = dataclasses.replace(
        solved,
        markup=markup,
        variable_profit=(solved.quantity * markup) @ market.ownership.cash,
        outcome=outcome,
    )
    return CappedEquilibrium(
        market=own,
        shadow_price=shadow,
        slack=jnp.minimum(market.caps.volume, market.offers.market_size) - sold,
        wait=market.offers.fixed_price * (shadow @ market.caps.member),
        residual=residual,
        iterations=count,
        outcome=outcome,
    )
