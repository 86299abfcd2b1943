import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    choose,
    consumer_surplus,
    diversion,
    elasticities,
    market_shares,
    price_derivatives,
    second_choices,
    utilities,
)

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
BUYERS, OFFERS, _ = READING["small_market"](5)
PRICE = OFFERS.start_price
ON_SALE = jnp.ones(8)


def at(price):
    return choose(utilities(BUYERS, OFFERS.quality, OFFERS.traits, price), ON_SALE)


def test_price_derivatives_match_differentiation():
    exact = jax.jacfwd(lambda price: market_shares(BUYERS, at(price)))(PRICE)
    np.testing.assert_allclose(price_derivatives(BUYERS, at(PRICE)), exact, rtol=1e-10, atol=1e-20)


def test_elasticities_scale_the_derivatives():
    own = elasticities(BUYERS, at(PRICE), PRICE)
    up = market_shares(BUYERS, at(PRICE.at[2].mul(1 + 1e-6)))
    change = (up / market_shares(BUYERS, at(PRICE)) - 1) / 1e-6
    np.testing.assert_allclose(own[:, 2], change, rtol=1e-4, atol=1e-8)


def test_diversion_and_second_choices_conserve_buyers():
    rows = diversion(BUYERS, at(PRICE))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-12)
    utility = utilities(BUYERS, OFFERS.quality, OFFERS.traits, PRICE)
    removed = jnp.zeros(8).at[jnp.asarray([1, 4])].set(1.0)
    second = second_choices(BUYERS, utility, ON_SALE, removed)
    np.testing.assert_allclose(second.sum(axis=1), removed, rtol=1e-12)
    assert float(second[1, 4]) == 0


def test_second_choices_are_the_change_of_shares_when_one_leaves():
    utility = utilities(BUYERS, OFFERS.quality, OFFERS.traits, PRICE)
    before = market_shares(BUYERS, choose(utility, ON_SALE))
    removed = jnp.zeros(8).at[3].set(1.0)
    after = market_shares(BUYERS, choose(utility, 1 - removed))
    gains = (after - before) / before[3]
    second = second_choices(BUYERS, utility, ON_SALE, removed)
    np.testing.assert_allclose(second[3, :8], gains.at[3].set(0.0), rtol=1e-9, atol=1e-12)


def test_surplus_falls_by_the_quantity_when_a_price_rises():
    slope = jax.grad(lambda price: consumer_surplus(BUYERS, at(price)))(PRICE)
    np.testing.assert_allclose(slope, -market_shares(BUYERS, at(PRICE)), rtol=1e-12)


def test_extreme_utilities_stay_finite():
    choice = choose(jnp.asarray([[900.0, -900.0], [-900.0, -900.0]]), jnp.ones(2))
    np.testing.assert_allclose(choice.bought, [[1.0, 0.0], [0.0, 0.0]], atol=1e-300)
    assert bool(jnp.all(jnp.isfinite(choice.log_inclusive)))
    assert float(choice.outside[1]) == pytest.approx(1.0)
