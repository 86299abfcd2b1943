"""Against closed forms of the plain logit and against scipy's root finder."""

import runpy
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, root
from scipy.special import lambertw

from framerail.market import Offers, Ownership, equilibrium, invert_shares, markups
from framerail.market.choice import choose
from framerail.market.equilibrium import gross_utility

READING = runpy.run_path(str(Path(__file__).parents[1] / "market" / "reading.py"))


def logit_offers(quality, cost):
    count = len(quality)
    return Offers(
        quality=jnp.asarray(quality),
        traits=jnp.zeros((count, 1)),
        marginal_cost=jnp.asarray(cost),
        credit=jnp.zeros(count),
        availability=jnp.ones(count),
        fixed_price=jnp.zeros(count),
        start_price=jnp.asarray(cost) * 1.2,
        market_size=jnp.asarray(1e6),
        price_level=jnp.ones(()),
    )


def test_logit_monopoly_has_the_lambert_price():
    """p = c + (1 + W(exp(delta - alpha c - 1))) / alpha: the logit monopolist's closed form."""
    alpha, quality, cost = 1e-4, 5.0, 40_000.0
    offers = logit_offers([quality], [cost])
    one = jnp.ones((1, 1))
    solved = equilibrium(
        READING["plain_buyers"](alpha), offers, Ownership(one, one), offers.start_price
    )
    exact = cost + (1 + lambertw(np.exp(quality - alpha * cost - 1)).real) / alpha
    assert float(solved.price[0]) == pytest.approx(exact, abs=1e-7)


def test_logit_duopoly_has_the_single_product_markups():
    """Single-product logit firms: m_j = 1 / (alpha (1 - s_j))."""
    alpha = 1e-4
    offers = logit_offers([5.0, 5.6], [40_000.0, 45_000.0])
    eye = jnp.eye(2)
    solved = equilibrium(
        READING["plain_buyers"](alpha), offers, Ownership(eye, eye), offers.start_price
    )
    np.testing.assert_allclose(solved.markup, 1 / (alpha * (1 - solved.share)), rtol=1e-12)


def test_logit_multiproduct_firm_has_one_markup():
    """A logit firm puts one markup on all its products: m = 1 / (alpha (1 - its share))."""
    alpha = 1e-4
    offers = logit_offers([5.0, 5.6, 4.0], [40_000.0, 45_000.0, 38_000.0])
    owned = jnp.asarray([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    solved = equilibrium(
        READING["plain_buyers"](alpha), offers, Ownership(owned, owned), offers.start_price
    )
    joint = 1 / (alpha * (1 - solved.share[0] - solved.share[1]))
    np.testing.assert_allclose(solved.markup[:2], joint, rtol=1e-12)
    assert float(solved.variable_profit.sum()) == pytest.approx(
        float(jnp.sum(solved.markup * solved.quantity))
    )


def test_logit_inversion_is_berrys_log_difference():
    share = jnp.asarray([0.2, 0.05, 0.001])
    price = jnp.asarray([30_000.0, 50_000.0, 70_000.0])
    solved = invert_shares(jnp.ones(1), -1e-4 * price[None, :], share, jnp.ones(3))
    exact = jnp.log(share / (1 - share.sum())) + 1e-4 * price
    np.testing.assert_allclose(solved.quality, exact, rtol=1e-12)


def first_order_conditions(price, buyers, offers, ownership):
    """Textbook form, in numpy: O_jj s_j + sum_k O_jk m_k ds_k/dp_j, from Delta itself."""
    weight, slope = np.asarray(buyers.weight), np.asarray(buyers.sensitivity)
    utility = np.asarray(gross_utility(buyers, offers)) - slope[:, None] * price[None, :]
    odds = np.exp(utility) * np.asarray(offers.availability)[None, :]
    bought = odds / (1 + odds.sum(axis=1, keepdims=True))
    share = weight @ bought
    tilted = (weight * slope)[:, None] * bought
    jacobian = tilted.T @ bought - np.diag(tilted.sum(axis=0))
    owned = np.asarray(ownership.control) @ np.asarray(ownership.cash).T
    markup = price - np.asarray(offers.marginal_cost)
    return np.diag(owned) * share + (owned * jacobian.T) @ markup


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_markets_meet_the_full_system_of_conditions(seed, partial):
    buyers, offers, ownership = READING["small_market"](seed, partial=partial)
    solved = equilibrium(buyers, offers, ownership, offers.start_price)
    assert int(solved.outcome) == 0
    price = np.asarray(solved.price)
    residual = first_order_conditions(price, buyers, offers, ownership)
    assert np.max(np.abs(residual)) < 1e-13
    found = root(
        lambda p: 1e4 * first_order_conditions(1e4 * p, buyers, offers, ownership),
        1.03 * price / 1e4,  # near enough for a method without the markup map's help
        tol=1e-13,
    )
    np.testing.assert_allclose(price, 1e4 * found.x, atol=1e-5)


@pytest.mark.parametrize("partial", [False, True])
def test_linear_markups_are_those_of_the_equilibrium(partial):
    buyers, offers, ownership = READING["small_market"](7, partial=partial)
    solved = equilibrium(buyers, offers, ownership, offers.start_price)
    utility = gross_utility(buyers, offers) - buyers.sensitivity[:, None] * solved.price[None, :]
    recovered = markups(buyers, ownership, choose(utility, offers.availability))
    np.testing.assert_allclose(recovered, solved.markup, rtol=1e-10)


def test_price_of_a_product_off_sale_is_the_best_answer_to_the_rest():
    """Off sale, the price asked is what one firm alone would choose for the first truck."""
    buyers, offers, ownership = READING["small_market"](11)
    offers = READING["changed"](offers, availability=offers.availability.at[0].set(0.0))
    solved = equilibrium(buyers, offers, ownership, offers.start_price)

    def condition(price):
        trial = np.asarray(solved.price.at[0].set(price))
        tiny = READING["changed"](offers, availability=offers.availability.at[0].set(1e-12))
        return 1e12 * first_order_conditions(trial, buyers, tiny, ownership)[0]

    low, high = float(offers.marginal_cost[0]), 3 * float(offers.marginal_cost[0])
    assert float(solved.price[0]) == pytest.approx(brentq(condition, low, high), abs=1e-3)
