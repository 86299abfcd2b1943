"""Bertrand-Nash price equilibrium of one market."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.market import outcomes
from framerail.market.buyers import Buyers
from framerail.market.choice import consumer_surplus
from framerail.market.nests import Nests
from framerail.market.pricing import (
    Ownership,
    Pieces,
    Utility,
    own_curvature,
    pieces,
    zeta,
    zeta_jacobian,
)
from framerail.numerics.fixed_point import Solution, fixed_point
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
NEAR = QUICK._replace(loose=1e-7, corrections=0)
"""From a start within cents of the answer: mixing to the end, and no matrix is formed."""
EXACT = Accuracy(
    tolerance=1e-9,
    loose=1e-9,
    corrections=2,
    max_iterations=300,
    plain_until=10.0,
    plain_steps=3_000,
)
"""For single questions, far-off shocks and cheap products."""


_APPROACH = 500
"""Unmixed steps at most."""
_SETTLED = 1e-2
"""Raw residual at which unmixed steps of a second try end, in dollars."""
_HURRY = 60
"""Unmixed steps in single precision at most."""
_LARGEST_GAIN = 20.0
"""Stretch of an unmixed step at most."""
_STEEP, _CREEP = 0.8, 0.2
"""Where d zeta_j / d p_j exceeds the first, a step changes the markup by the second at most."""
_FACTOR = 4.0
"""A stretched step leads to a markup within this factor of the one asked for."""


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
    nests: Nests | None = None
    """Products alike beyond their traits; none for a mixed logit without nests."""
    fleet_share: Float[Array, ""] | None = None
    """Part of the buyers that are fleets this year; none keeps the population's own."""


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
    slope = _zeta_slope(price, market)
    return jnp.where(market.strategic[:, None] > 0, slope, 0.0)


def _zeta_slope(price: Float[Array, " product"], market: Any) -> Float[Array, "product product"]:
    if market.utility.nests is not None:  # no closed form is kept for nests
        return jax.jacfwd(lambda p: zeta(_pieces(p, market)))(price)
    return zeta_jacobian(
        market.buyers,
        market.ownership,
        _pieces(price, market),
        price - market.offers.marginal_cost,
    )


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
    buyers = buyers.with_fleet_share(offers.fleet_share)
    utility = Utility(gross_utility(buyers, offers), offers.availability, offers.nests)
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
    strategic = 1 - offers.fixed_price
    buyers = buyers.with_fleet_share(offers.fleet_share)
    utility = Utility(gross_utility(buyers, offers), offers.availability, offers.nests)
    market = _Market(buyers, offers, ownership, utility, strategic)
    start = jnp.where(strategic > 0, start_price, offers.start_price)
    gain, count = None, jnp.zeros((), dtype=jnp.int32)
    near = start
    if accuracy.plain_until < float("inf"):
        near, gain, count = _hurry(start, market, accuracy.plain_until)
    solved = _solve(near, gain, market, accuracy)
    count = count + solved.stats.iterations
    if accuracy.plain_steps:
        at, far = jax.lax.stop_gradient((solved.value, start))
        held = jax.lax.stop_gradient(market)
        at, more = jax.lax.cond(
            solved.outcome | jnp.any(_at_a_minimum(at, held)),
            lambda: _plain(far, held, _SETTLED, accuracy.plain_steps),
            lambda: (at, jnp.zeros((), dtype=jnp.int32)),
        )
        solved = _solve(at, gain, market, accuracy)
        count = count + more
    return _report(solved.value, market, count, accuracy.tolerance)


def _solve(
    start: Float[Array, " product"],
    gain: Float[Array, " product"] | None,
    market: _Market,
    accuracy: Accuracy,
) -> Solution:
    return fixed_point(
        _answer,
        start,
        market,
        tolerance=accuracy.tolerance,
        loose=accuracy.loose,
        jacobian=_answer_slope,
        corrections=accuracy.corrections,
        enough=0.0 if gain is None else accuracy.tolerance,
        gain=gain,
        linear=solve if gain is None else solve_dominant,
        max_iterations=accuracy.max_iterations,
    )


def _hurry(
    start: Float[Array, " product"], market: _Market, enough: float
) -> tuple[Float[Array, " product"], Float[Array, " product"], Int[Array, ""]]:
    """`_approach` in single precision, which takes half the time, then in double."""
    near, _, count = _approach(_single(start), _single(market), enough, _HURRY)
    near = jnp.where(market.strategic > 0, near.astype(start.dtype), start)
    near, gain, more = _approach(near, market, enough, _APPROACH)
    return near, gain, count + more


def _single(tree: Any) -> Any:
    return jax.tree_util.tree_map(lambda leaf: leaf.astype(jnp.float32), tree)


class _Approach(NamedTuple):
    price: Float[Array, " product"]
    gain: Float[Array, " product"]
    size: Float[Array, ""]
    steps: Int[Array, ""]


def _approach(
    price: Float[Array, " product"], market: _Market, enough: float, limit: int
) -> tuple[Float[Array, " product"], Float[Array, " product"], Int[Array, ""]]:
    """Steps stretched by own curvature until the residual is `enough`; the last stretch, and how
    many evaluations.

    A dear product that few rich buyers take asks for nearly the markup it has, whatever that is:
    d zeta_j / d p_j is near one and plain steps creep. Dividing by one less that slope is Newton's
    step in each price alone, and from a minimum of profit (slope above one) it leads away as the
    plain one does. Which equilibrium counts is for the plain steps to say (decision 0017), so
    steep products go in short steps on the same way.
    """
    price, market = jax.lax.stop_gradient((price, market))
    cost = market.offers.marginal_cost

    def unfinished(state: _Approach) -> Bool[Array, ""]:
        return (state.size > enough) & (state.steps < limit)

    def advance(state: _Approach) -> _Approach:
        parts = _pieces(state.price, market)
        asked, markup = zeta(parts), state.price - cost
        asked = jnp.where(jnp.isfinite(asked), asked, markup)
        slope = jnp.zeros_like(markup)  # with nests it has no closed form: plain steps
        if market.utility.nests is None:
            slope = own_curvature(market.buyers, parts, markup)
        gain = 1 / (1 - jnp.clip(jnp.nan_to_num(slope), -2.0, 1 - 1 / _LARGEST_GAIN))
        gap = jnp.where(market.strategic > 0, asked - markup, 0.0)
        # A slope holds only nearby: where it is steep, a long step would jump to another
        # equilibrium; and no markup may end far from the one asked for.
        longest = jnp.where(slope < _STEEP, jnp.inf, jnp.maximum(jnp.abs(gap), _CREEP * markup))
        stretched = markup + jnp.clip(gain * gap, -longest, longest)
        stretched = jnp.clip(stretched, asked / _FACTOR, asked * _FACTOR)
        return _Approach(
            price=jnp.where(market.strategic > 0, cost + stretched, state.price),
            gain=gain,
            size=jnp.max(jnp.abs(gap)),
            steps=state.steps + 1,
        )

    far = jnp.asarray(jnp.inf, dtype=price.dtype)
    begin = _Approach(price, jnp.ones_like(price), far, jnp.zeros((), jnp.int32))
    end = jax.lax.while_loop(unfinished, advance, begin)
    return end.price, end.gain, end.steps


def _plain(
    price: Float[Array, " product"], market: _Market, enough: float, limit: int
) -> tuple[Float[Array, " product"], Int[Array, ""]]:
    """Unmixed steps, not stretched, until the residual is `enough`; and how many."""

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, size, count = state
        return (size > enough) & (count < limit)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        price, _, count = state
        answer = _answer(price, market)
        return answer, jnp.max(jnp.abs(answer - price)), count + 1

    begin = (price, jnp.asarray(jnp.inf), jnp.zeros((), dtype=jnp.int32))
    price, _, count = jax.lax.while_loop(unfinished, advance, begin)
    return price, count


def _at_a_minimum(price: Float[Array, " product"], market: _Market) -> Bool[Array, " product"]:
    """Products on sale whose price, alone, is no local maximum of their firm's profit."""
    if market.utility.nests is not None:
        curved = jnp.diagonal(_zeta_slope(price, market))
    else:
        markup = price - market.offers.marginal_cost
        curved = own_curvature(market.buyers, _pieces(price, market), markup)
    return (market.offers.availability * market.strategic > 0) & ~(curved < 1)


def _report(
    price: Float[Array, " product"],
    market: _Market,
    iterations: Int[Array, ""],
    tolerance: float,
) -> MarketEquilibrium:
    buyers, offers, ownership = market.buyers, market.offers, market.ownership
    parts = _pieces(price, market)
    markup = price - offers.marginal_cost
    residual = (markup - zeta(parts)) * market.strategic
    share = buyers.weight @ parts.choice.bought
    quantity = share * offers.market_size
    outcome = (
        flag(~(jnp.max(jnp.abs(residual)) <= tolerance), outcomes.NOT_CONVERGED)
        | flag(jnp.any(buyers.sensitivity <= 0), outcomes.SLOPES_UP)
        | flag(jnp.any(_at_a_minimum(price, market)), outcomes.NOT_A_MAXIMUM)
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
