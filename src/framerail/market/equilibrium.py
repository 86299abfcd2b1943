"""Bertrand-Nash price equilibrium of one market."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.market import outcomes
from framerail.market.buyers import Buyers
from framerail.market.choice import consumer_surplus
from framerail.market.coarse_start import hurry_among_some, many_buyers
from framerail.market.price_steps import (
    SETTLED,
    Offers,
    PricedMarket,
    answer,
    answer_slope,
    at_a_minimum,
    hurry,
    pieces_at,
    plain_steps,
)
from framerail.market.pricing import Ownership, Utility, zeta
from framerail.numerics.fixed_point import HeldSlope, Solution, fixed_point
from framerail.numerics.linear import solve, solve_dominant
from framerail.numerics.outcome import flag


class Accuracy(NamedTuple):
    """When a price equilibrium counts as solved."""

    tolerance: float
    """Raw first-order residual that counts as solved, in dollars."""
    loose: float
    """Raw residual at which mixing hands over to Newton corrections, in dollars."""
    corrections: int
    """Newton corrections: each squares the error that mixing leaves."""
    max_iterations: int
    """Evaluations of the markup map after which mixing gives up."""
    plain_until: float
    """Raw residual above which steps are not mixed, in dollars. Mixing extrapolates badly where
    a few dear products, bought by a few rich buyers, are far from their prices. Unmixed steps are
    stretched by each price's own curvature, and so are the mixed ones that follow; infinite: mix
    at once, nothing stretched."""
    plain_steps: int
    """Unmixed steps to try again from the start where mixing fails or ends at a minimum of some
    firm's profit; zero for none. Minima repel them."""


QUICK = Accuracy(
    tolerance=1e-5,
    loose=30.0,
    corrections=2,
    max_iterations=200,
    plain_until=float("inf"),
    plain_steps=0,
)
"""For many equilibria near each other, at the prices of today's trucks: two corrections from
`loose` reach about 1e-8 dollars."""
EXACT = Accuracy(
    tolerance=1e-9,
    loose=1e-9,
    corrections=2,
    max_iterations=300,
    plain_until=10.0,
    plain_steps=3_000,
)
"""For single questions, far-off shocks and cheap products."""


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
    """Evaluations of the markup map among all buyers, before the Newton corrections."""
    outcome: Int[Array, ""]
    """Bits of `OUTCOMES`; zero is fine."""


def gross_utility(buyers: Buyers, offers: Offers) -> Float[Array, "buyer product"]:
    """Utility of every product to every buyer at a price of zero, credit included."""
    return (
        offers.quality[None, :]
        + buyers.taste @ offers.traits.T
        + buyers.sensitivity[:, None] * offers.credit[None, :]
    )


def priced_market(buyers: Buyers, offers: Offers, ownership: Ownership) -> PricedMarket:
    """The market with this year's fleets, as the markup map sees it."""
    buyers = buyers.with_fleet_share(offers.fleet_share)
    utility = Utility(gross_utility(buyers, offers), offers.availability, offers.nests)
    return PricedMarket(buyers, offers, ownership, utility, 1 - offers.fixed_price)


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
    market = priced_market(buyers, offers, ownership)
    fixed = offers.start_price - offers.marginal_cost
    markup = jnp.where(market.strategic > 0, markup, fixed)
    parts = pieces_at(offers.marginal_cost + markup, market)
    return Response(
        markup=jnp.where(market.strategic > 0, zeta(parts), fixed),
        quantity=(market.buyers.weight @ parts.choice.bought) * offers.market_size,
    )


def equilibrium(
    buyers: Buyers,
    offers: Offers,
    ownership: Ownership,
    start_price: Float[Array, " product"],
    accuracy: Accuracy = QUICK,
) -> MarketEquilibrium:
    """Solve for prices by the zeta-markup fixed point, and report the market at them.

    Differentiable (first order) in every input except `start_price`; with several equilibria the
    one near `start_price` is found.

    **Arguments:**

    - `buyers`: population at the year's price level.
    - `offers`: costs, qualities, credits and availability.
    - `ownership`: who prices, who earns.
    - `start_price`: warm start, $.
    - `accuracy`: `QUICK`, `EXACT` or your own.
    """
    market = priced_market(buyers, offers, ownership)
    start = jnp.where(market.strategic > 0, start_price, offers.start_price)
    gain, count = None, jnp.zeros((), dtype=jnp.int32)
    near = start
    if accuracy.plain_until < float("inf"):
        quick = hurry_among_some if many_buyers(market) else hurry
        near, gain, count = quick(start, market, accuracy.plain_until)
    solved = _solve(near, gain, market, accuracy)
    count = count + solved.stats.iterations
    if accuracy.plain_steps:
        at, far = jax.lax.stop_gradient((solved.value, start))
        held = jax.lax.stop_gradient(market)
        at, more = jax.lax.cond(
            solved.outcome | jnp.any(at_a_minimum(at, held)),
            lambda: plain_steps(far, held, SETTLED, accuracy.plain_steps),
            lambda: (at, jnp.zeros((), dtype=jnp.int32)),
        )
        # What was held belongs to where the first try began.
        solved = _solve(at, gain.gain if isinstance(gain, HeldSlope) else gain, market, accuracy)
        count = count + more
    return _report(solved.value, market, count, accuracy.tolerance)


def settled(
    buyers: Buyers,
    offers: Offers,
    ownership: Ownership,
    price: Float[Array, " product"],
    tolerance: float,
) -> MarketEquilibrium:
    """The market at prices that a circle around `respond` has solved, with their residual.

    Differentiable in every input, the price included; the outcome says where the largest
    first-order residual exceeds `tolerance` dollars.
    """
    market = priced_market(buyers, offers, ownership)
    return _report(price, market, jnp.zeros((), dtype=jnp.int32), tolerance)


def _solve(
    start: Float[Array, " product"],
    gain: Float[Array, " product"] | HeldSlope | None,
    market: PricedMarket,
    accuracy: Accuracy,
) -> Solution:
    return fixed_point(
        answer,
        start,
        market,
        tolerance=accuracy.tolerance,
        loose=accuracy.loose,
        jacobian=answer_slope,
        corrections=accuracy.corrections,
        enough=0.0 if gain is None else accuracy.tolerance,
        gain=gain,
        linear=solve if gain is None else solve_dominant,
        max_iterations=accuracy.max_iterations,
    )


def _report(
    price: Float[Array, " product"],
    market: PricedMarket,
    iterations: Int[Array, ""],
    tolerance: float,
) -> MarketEquilibrium:
    buyers, offers, ownership = market.buyers, market.offers, market.ownership
    parts = pieces_at(price, market)
    markup = price - offers.marginal_cost
    residual = (markup - zeta(parts)) * market.strategic
    share = buyers.weight @ parts.choice.bought
    quantity = share * offers.market_size
    outcome = (
        flag(~(jnp.max(jnp.abs(residual)) <= tolerance), outcomes.NOT_CONVERGED)
        | flag(jnp.any(buyers.sensitivity <= 0), outcomes.SLOPES_UP)
        | flag(jnp.any(at_a_minimum(price, market)), outcomes.NOT_A_MAXIMUM)
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
