import functools
import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.market import equilibrium
from framerail.market.pricing import Utility, own_curvature, pieces, zeta, zeta_jacobian

READING = runpy.run_path(str(Path(__file__).parents[1] / "market" / "reading.py"))
solve = jax.jit(equilibrium)
seeds = st.integers(0, 10_000)
few = functools.partial(settings, derandomize=True, max_examples=25, deadline=None)


@given(seeds, st.booleans())
@few()
def test_books_balance(seed, partial):
    buyers, offers, ownership = READING["small_market"](seed, partial=partial)
    solved = solve(buyers, offers, ownership, offers.start_price)
    assert float(solved.share.sum() + solved.outside_share) == pytest.approx(1.0, abs=1e-13)
    assert int(solved.outcome) == 0
    assert float(jnp.max(jnp.abs(solved.first_order_residual))) < 1e-6
    assert bool(jnp.all(solved.markup > 0))
    paid = float(jnp.sum(solved.quantity * solved.markup * ownership.cash.sum(axis=1)))
    assert float(solved.variable_profit.sum()) == pytest.approx(paid, rel=1e-12)


@given(seeds)
@few()
def test_start_prices_do_not_matter(seed):
    buyers, offers, ownership = READING["small_market"](seed)
    near = solve(buyers, offers, ownership, offers.start_price)
    far = solve(buyers, offers, ownership, offers.start_price * 1.6)
    np.testing.assert_allclose(near.price, far.price, atol=1e-4)


@given(seeds)
@few()
def test_a_product_off_sale_changes_nothing(seed):
    buyers, offers, ownership = READING["small_market"](seed)
    without = READING["changed"](offers, availability=offers.availability.at[3].set(0.0))
    dearer = READING["changed"](
        without,
        marginal_cost=offers.marginal_cost.at[3].mul(1.5),
        quality=offers.quality.at[3].add(4.0),
    )
    one = solve(buyers, without, ownership, offers.start_price)
    two = solve(buyers, dearer, ownership, offers.start_price)
    assert float(one.share[3]) == 0
    others = np.arange(8) != 3
    np.testing.assert_allclose(one.price[others], two.price[others], atol=1e-5)
    np.testing.assert_allclose(one.share[others], two.share[others], atol=1e-12)
    assert bool(jnp.all(jnp.isfinite(one.price)))


@given(seeds)
@few()
def test_entry_helps_buyers_and_takes_sales_from_all_others(seed):
    """Holds at fixed prices for every market; with price answers, for buyers' surplus."""
    buyers, offers, ownership = READING["small_market"](seed)
    offers = READING["changed"](offers, fixed_price=jnp.ones(8))
    without = READING["changed"](offers, availability=offers.availability.at[0].set(0.0))
    after = solve(buyers, offers, ownership, offers.start_price)
    before = solve(buyers, without, ownership, offers.start_price)
    np.testing.assert_allclose(after.price, offers.start_price, rtol=0)
    assert bool(jnp.all(after.share[1:] < before.share[1:]))
    assert float(after.consumer_surplus) > float(before.consumer_surplus)


@given(seeds)
@few()
def test_own_newcomer_is_priced_higher_than_an_independent_one(seed):
    """A firm that fears for its other products asks more for a newcomer than a stranger would."""
    buyers, offers, ownership = READING["small_market"](seed, products=5, firms=2)
    firm = jnp.zeros((5, 3)).at[:, :2].set(ownership.control)
    alone = firm.at[0].set(jnp.asarray([0.0, 0.0, 1.0]))
    fixed = READING["changed"](offers, fixed_price=jnp.ones(5).at[0].set(0.0))
    own = solve(buyers, fixed, type(ownership)(firm, firm), offers.start_price)
    stranger = solve(buyers, fixed, type(ownership)(alone, alone), offers.start_price)
    if float(jnp.sum(firm[1:] @ firm[0])) > 0:
        assert float(own.price[0]) > float(stranger.price[0])
    else:
        assert float(own.price[0]) == pytest.approx(float(stranger.price[0]), abs=1e-4)


@given(seeds, st.booleans())
@few()
def test_jacobian_of_the_markup_map_is_its_derivative(seed, partial):
    buyers, offers, ownership = READING["small_market"](seed, partial=partial)
    offers = READING["changed"](offers, availability=offers.availability.at[2].set(0.4))
    utility = Utility(offers.quality[None, :] + buyers.taste @ offers.traits.T, offers.availability)
    price = offers.start_price

    def asked(p):
        return zeta(pieces(buyers, utility, ownership, p, p - offers.marginal_cost))

    parts = pieces(buyers, utility, ownership, price, price - offers.marginal_cost)
    closed = zeta_jacobian(buyers, ownership, parts, price - offers.marginal_cost)
    np.testing.assert_allclose(closed, jax.jacfwd(asked)(price), rtol=1e-9, atol=1e-12)
    own = own_curvature(buyers, parts, price - offers.marginal_cost)
    np.testing.assert_allclose(own, jnp.diagonal(closed), rtol=1e-9, atol=1e-12)


def profit(cost, quality, buyers, offers, ownership):
    trial = READING["changed"](offers, marginal_cost=cost, quality=quality)
    return equilibrium(buyers, trial, ownership, offers.start_price).variable_profit[0]


value = jax.jit(profit)
slopes = jax.jit(jax.grad(profit, argnums=(0, 1)))


@given(seeds)
@few(max_examples=8)
def test_gradient_of_profit_is_the_resolved_difference(seed):
    market = READING["small_market"](seed, partial=True)
    offers = market[1]
    cost, quality = offers.marginal_cost, offers.quality
    by_cost, by_quality = slopes(cost, quality, *market)
    for place in range(0, 8, 3):
        step = jnp.zeros(8).at[place].set(5.0)
        slope = value(cost + step, quality, *market) - value(cost - step, quality, *market)
        assert float(by_cost[place]) == pytest.approx(float(slope) / 10.0, rel=1e-6, abs=1e-3)
        step = jnp.zeros(8).at[place].set(5e-4)
        slope = value(cost, quality + step, *market) - value(cost, quality - step, *market)
        assert float(by_quality[place]) == pytest.approx(float(slope) / 1e-3, rel=1e-6, abs=1.0)
