import functools
import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.market import Caps, Ownership, capped_equilibrium, equilibrium

READING = runpy.run_path(str(Path(__file__).parents[1] / "market" / "reading.py"))
solve = jax.jit(capped_equilibrium)
uncapped = jax.jit(equilibrium)
seeds = st.integers(0, 10_000)
few = functools.partial(settings, derandomize=True, max_examples=8, deadline=None)
MEMBER = jnp.eye(8)[:3]


def capped(market, part):
    buyers, offers, ownership = market
    free = uncapped(buyers, offers, ownership, offers.start_price)
    caps = Caps(MEMBER, part * free.quantity[:3])
    return free, caps, solve(buyers, offers, ownership, caps, offers.start_price)


@given(seeds)
@few()
def test_caps_out_of_reach_change_nothing(seed):
    market = READING["small_market"](seed)
    free, _, found = capped(market, jnp.asarray([1.2, 3.0, jnp.inf]))
    assert int(found.outcome) == 0
    np.testing.assert_allclose(found.shadow_price, 0.0, atol=1e-5)
    np.testing.assert_allclose(found.market.price, free.price, atol=1e-4)
    assert all(bool(jnp.all(jnp.isfinite(x))) for x in jax.tree_util.tree_leaves(found))


@given(seeds, st.floats(0.3, 0.9))
@few()
def test_a_tighter_cap_has_a_higher_shadow_price(seed, part):
    market = READING["small_market"](seed, partial=True)
    free, caps, found = capped(market, jnp.asarray([part, 1.0, jnp.inf]))
    _, _, tighter = capped(market, jnp.asarray([0.8 * part, 1.0, jnp.inf]))
    assert int(found.outcome) == int(tighter.outcome) == 0
    assert 0 < float(found.shadow_price[0]) < float(tighter.shadow_price[0])
    assert float(found.market.quantity[0]) == pytest.approx(float(caps.volume[0]), rel=1e-8)
    assert float(found.market.price[0]) > float(free.price[0])
    assert bool(jnp.all(found.slack >= -1e-3))
    # Books: profits are at true cost, whatever the shadow price.
    sold, cash = found.market.quantity * found.market.markup, market[2].cash
    np.testing.assert_allclose(found.market.variable_profit, sold @ cash, rtol=1e-12)


def figures(cost, volume, market, start):
    """Profit of firm 0, millions, and the first shadow price, thousands."""
    buyers, offers, ownership = market
    trial = READING["changed"](offers, marginal_cost=cost)
    at = capped_equilibrium(buyers, trial, ownership, Caps(MEMBER, volume), start)
    return jnp.stack([at.market.variable_profit[0] / 1e6, at.shadow_price[0] / 1e3])


values = jax.jit(figures)
slopes = jax.jit(jax.jacrev(figures, argnums=(0, 1)))


@given(seeds)
@few(max_examples=4)
def test_a_monopolists_shadow_price_is_what_a_truck_more_earns(seed):
    """The envelope theorem: d profit / d volume is the shadow price where one firm owns all."""
    buyers, offers, _ = READING["small_market"](seed)
    one = jnp.zeros((8, 3)).at[:, 0].set(1.0)
    market = (buyers, offers, Ownership(one, one))
    free, _, _ = capped(market, jnp.ones(3))
    volume = free.quantity[:3] * jnp.asarray([0.6, 0.8, 2.0])
    found = solve(*market, Caps(MEMBER, volume), offers.start_price)
    _, by_volume = slopes(offers.marginal_cost, volume, market, found.market.price)
    np.testing.assert_allclose(1e6 * by_volume[0], found.shadow_price, rtol=1e-6, atol=1e-4)


@given(seeds)
@few(max_examples=4)
def test_derivatives_are_the_resolved_differences(seed):
    market = READING["small_market"](seed, partial=True)
    _, caps, found = capped(market, jnp.asarray([0.6, 1.4, 0.8]))
    at = (market, found.market.price)
    cost = market[1].marginal_cost
    by_cost, by_volume = slopes(cost, caps.volume, *at)
    for place in (0, 2, 5):
        step = jnp.zeros(8).at[place].set(5.0)
        slope = values(cost + step, caps.volume, *at) - values(cost - step, caps.volume, *at)
        np.testing.assert_allclose(by_cost[:, place], slope / 10, rtol=1e-5, atol=1e-9)
    step = jnp.zeros(3).at[0].set(1e-4 * caps.volume[0])
    slope = values(cost, caps.volume + step, *at) - values(cost, caps.volume - step, *at)
    np.testing.assert_allclose(by_volume[:, 0], slope / (2 * step[0]), rtol=1e-5, atol=1e-12)
