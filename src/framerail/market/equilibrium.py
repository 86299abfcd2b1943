"""Bertrand-Nash price equilibrium of one market."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.market import outcomes
from framerail.market.buyers import Buyers
from framerail.market.choice import consumer_surplus
from framerail.market.pricing import (
    Ownership,
    Pieces,
    Utility,
    own_curvature,
    pieces,
    zeta,
    zeta_jacobian,
)
from framerail.numerics.fixed_point import fixed_point
from framerail.numerics.outcome import flag

TOLERANCE = 1e-5
"""Raw first-order residual that counts as solved, in dollars."""
LOOSE = 30.0
"""Raw residual at which mixing hands over to Newton corrections, in dollars."""
CORRECTIONS = 2
"""Newton corrections: from `LOOSE`, two reach about 1e-8 dollars."""


class Offers(eqx.Module):
    """What firms offer in one market, arrays over `product` (J)."""

    quality: Float[Array, " product"]
    """Mean utility before price, utils."""
    traits: Float[Array, "product trait"]
    """Traits that buyers differ about."""
    marginal_cost: Float[Array, " product"]
    """$ per truck."""
    credit: Float[Array, " product"]
    """$ by which the buyer's price is below the seller's."""
    availability: Float[Array, " product"]
    """Part of the year on sale, in [0, 1]; zero takes a product off the market."""
    fixed_price: Float[Array, " product"]
    """One where the price stays at `start_price`."""
    start_price: Float[Array, " product"]
    """$; first guess, and the price itself where fixed."""
    market_size: Float[Array, ""]
    """Buyers."""
    price_level: Float[Array, ""]
    """Prices relative to the calibration year."""


class MarketEquilibrium(eqx.Module):
    """Prices that no firm wants to change alone, and what follows."""

    price: Float[Array, " product"]
    """$ asked by the seller, before credits. Off sale: what its firm would ask."""
    share: Float[Array, " product"]
    """Part of all buyers."""
    quantity: Float[Array, " product"]
    """Trucks."""
    markup: Float[Array, " product"]
    """Price less marginal cost, $."""
    outside_share: Float[Array, ""]
    """Part of buyers who take none; with `share` it sums to one."""
    consumer_surplus: Float[Array, ""]
    """$ per buyer, against the outside good only."""
    variable_profit: Float[Array, " firm"]
    """$: cash share times markup times quantity, by firm."""
    first_order_residual: Float[Array, " product"]
    """Price less cost less the markup that the first-order condition asks for, $."""
    iterations: Int[Array, ""]
    """Evaluations of the markup map before the Newton corrections."""
    outcome: Int[Array, ""]
    """Bits of `OUTCOMES`; zero is fine."""


class _Market(NamedTuple):
    buyers: Buyers
    offers: Offers
    ownership: Ownership
    utility: Utility
    strategic: Float[Array, " product"]


def _pieces(price: Float[Array, " product"], market: _Market) -> Pieces:
    markup = price - market.offers.marginal_cost
    return pieces(market.buyers, market.utility, market.ownership, price, markup)


def _answer(price: Float[Array, " product"], market: Any) -> Float[Array, " product"]:
    """Cost plus the markup asked for, or the fixed price."""
    asked = market.offers.marginal_cost + zeta(_pieces(price, market))
    return jnp.where(market.strategic > 0, asked, market.offers.start_price)


def _answer_slope(price: Float[Array, " product"], market: Any) -> Float[Array, "product product"]:
    slope = zeta_jacobian(
        market.buyers,
        market.ownership,
        _pieces(price, market),
        price - market.offers.marginal_cost,
    )
    return jnp.where(market.strategic[:, None] > 0, slope, 0.0)


def gross_utility(buyers: Buyers, offers: Offers) -> Float[Array, "buyer product"]:
    """Utility of every product to every buyer at a price of zero, credit included."""
    return (
        offers.quality[None, :]
        + buyers.taste @ offers.traits.T
        + buyers.sensitivity[:, None] * offers.credit[None, :]
    )


class Response(NamedTuple):
    """One turn of the markup map: what firms would ask next, and what sells meanwhile."""

    markup: Float[Array, " product"]
    """Markup that the first-order conditions ask for at these prices, $; where the price is
    fixed, that price less marginal cost."""
    quantity: Float[Array, " product"]
    """Trucks sold at these prices."""


def respond(
    buyers: Buyers, offers: Offers, ownership: Ownership, markup: Float[Array, " product"]
) -> Response:
    """Take one turn of the zeta-markup map from prices of marginal cost plus `markup`.

    For circles that move costs and prices together; `equilibrium` solves at given costs.
    """
    strategic = 1 - offers.fixed_price
    utility = Utility(gross_utility(buyers, offers), offers.availability)
    fixed = offers.start_price - offers.marginal_cost
    markup = jnp.where(strategic > 0, markup, fixed)
    parts = _pieces(
        offers.marginal_cost + markup, _Market(buyers, offers, ownership, utility, strategic)
    )
    return Response(
        markup=jnp.where(strategic > 0, zeta(parts), fixed),
        quantity=(buyers.weight @ parts.choice.bought) * offers.market_size,
    )


def equilibrium(
    buyers: Buyers,
    offers: Offers,
    ownership: Ownership,
    start_price: Float[Array, " product"],
    *,
    loose: float = LOOSE,
    corrections: int = CORRECTIONS,
) -> MarketEquilibrium:
    """Solve for prices by the zeta-markup fixed point, and report the market at them.

    Differentiable (first order) in every input except `start_price`; with several equilibria the
    one near `start_price` is found.

    **Arguments:**

    - `buyers`: population at the year's price level.
    - `offers`: costs, qualities, credits and availability.
    - `ownership`: who prices, who earns.
    - `start_price`: warm start, $.
    - `loose`: raw residual at which mixing ends, $.
    - `corrections`: Newton corrections that follow. From a start within cents of the answer,
      mixing to the end (a small `loose`, none of these) is quicker.
    """
    strategic = 1 - offers.fixed_price
    utility = Utility(gross_utility(buyers, offers), offers.availability)
    market = _Market(buyers, offers, ownership, utility, strategic)
    solved = fixed_point(
        _answer,
        jnp.where(strategic > 0, start_price, offers.start_price),
        market,
        tolerance=TOLERANCE,
        loose=loose,
        jacobian=_answer_slope,
        corrections=corrections,
    )
    return _report(solved.value, market, solved.stats.iterations)


def _report(
    price: Float[Array, " product"], market: _Market, iterations: Int[Array, ""]
) -> MarketEquilibrium:
    buyers, offers, ownership = market.buyers, market.offers, market.ownership
    parts = _pieces(price, market)
    markup = price - offers.marginal_cost
    residual = (markup - zeta(parts)) * market.strategic
    share = buyers.weight @ parts.choice.bought
    quantity = share * offers.market_size
    concave = own_curvature(buyers, parts, markup) < 1
    sold = offers.availability * market.strategic > 0
    outcome = (
        flag(~(jnp.max(jnp.abs(residual)) <= TOLERANCE), outcomes.NOT_CONVERGED)
        | flag(jnp.any(buyers.sensitivity <= 0), outcomes.SLOPES_UP)
        | flag(jnp.any(sold & ~concave), outcomes.NOT_A_MAXIMUM)
    )
    return MarketEquilibrium(
        price=price,
        share=share,
        quantity=quantity,
        markup=markup,
        outside_share=buyers.weight @ parts.choice.outside,
        consumer_surplus=consumer_surplus(buyers, parts.choice),
        variable_profit=(quantity * markup) @ ownership.cash,
        first_order_residual=residual,
        iterations=iterations,
        outcome=outcome,
    )
