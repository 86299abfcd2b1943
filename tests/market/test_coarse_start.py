"""Markets of many buyers begin among some of them, and end where they would without."""

import runpy
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.market import EXACT, coarse_start, equilibrium
from framerail.market.coarse_start import MANY, many_buyers, some_buyers
from framerail.market.equilibrium import priced_market
from framerail.market.markup_sums import markup_sums
from framerail.market.price_steps import pieces_at
from framerail.market.pricing import own_curvature, zeta

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))


def market_of(seed, buyers=MANY + 24, partial=False):
    """One product sold for part of the year, one at a fixed price."""
    population, offers, ownership = READING["small_market"](
        seed, products=10, firms=4, buyers=buyers, partial=partial
    )
    offers = READING["changed"](
        offers,
        availability=offers.availability.at[2].set(0.4),
        fixed_price=offers.fixed_price.at[5].set(1.0),
    )
    return population, offers, ownership


def solver():
    return jax.jit(lambda *market: equilibrium(*market, market[1].start_price, EXACT))


BEGIN_AMONG_SOME, BEGIN_AMONG_ALL, BEGIN_AGAIN = solver(), solver(), solver()


def solved_with(run, setting, value, market):
    """Solved where a limit of the coarse start is another; `run` is traced with it."""
    with mock.patch.object(coarse_start, setting, value):
        return run(*market)


@given(st.integers(0, 10_000), st.booleans())
@settings(derandomize=True, max_examples=3, deadline=None)
def test_the_equilibrium_is_the_one_found_without(seed, partial):
    market = market_of(seed, partial=partial)
    ours = BEGIN_AMONG_SOME(*market)
    without = solved_with(BEGIN_AMONG_ALL, "MANY", 10**9, market)
    assert int(ours.outcome) == int(without.outcome) == 0
    assert float(jnp.max(jnp.abs(ours.first_order_residual))) < 1e-9
    np.testing.assert_allclose(ours.price, without.price, atol=1e-6)
    np.testing.assert_allclose(ours.share, without.share, atol=1e-12)


def test_steps_begin_again_where_those_among_some_do_not_settle():
    market = market_of(3)
    again = solved_with(BEGIN_AGAIN, "_TURNS", 1, market)
    assert int(again.outcome) == 0
    np.testing.assert_allclose(again.price, BEGIN_AMONG_SOME(*market).price, atol=1e-6)


def test_slopes_pass_through_the_equilibrium_of_all_buyers():
    market = market_of(4)

    @jax.jit
    def profit(cost):
        trial = READING["changed"](market[1], marginal_cost=cost)
        return equilibrium(market[0], trial, market[2], trial.start_price, EXACT).variable_profit[0]

    cost = market[1].marginal_cost
    slope, step = jax.jit(jax.grad(profit))(cost), jnp.zeros(10).at[0].set(5.0)
    difference = float(profit(cost + step) - profit(cost - step)) / 10
    assert float(slope[0]) == pytest.approx(difference, rel=1e-6)


def test_few_buyers_and_nests_go_their_usual_way():
    assert not many_buyers(priced_market(*market_of(1, buyers=MANY - 1)))
    priced = priced_market(*market_of(1))
    assert many_buyers(priced)
    nested = priced._replace(utility=priced.utility._replace(nests=priced.buyers))
    assert not many_buyers(nested)


def test_some_buyers_stand_for_all():
    priced = priced_market(*market_of(1))
    some, count = some_buyers(priced).buyers, MANY + 24
    assert some.weight.shape == (2 * (count // 8),)
    assert float(some.weight.sum()) == pytest.approx(float(priced.buyers.weight.sum()), abs=1e-14)
    # Whoever minds prices least counts for himself.
    least = np.argsort(priced.buyers.sensitivity)[: count // 8]
    np.testing.assert_array_equal(some.weight[: count // 8], priced.buyers.weight[least])
    rest = np.asarray(some.sensitivity[count // 8 :])[np.asarray(some.weight[count // 8 :]) > 0]
    assert rest.min() > np.asarray(priced.buyers.sensitivity)[least].max()


@given(st.integers(0, 10_000), st.booleans())
@settings(derandomize=True, max_examples=5, deadline=None)
def test_sums_are_the_markup_map_and_its_own_slope(seed, partial):
    priced = priced_market(*market_of(seed, buyers=60, partial=partial))
    price = priced.offers.start_price
    parts = pieces_at(price, priced)
    asked, slope = markup_sums(priced, sloped=True)(price)
    np.testing.assert_allclose(asked, zeta(parts), rtol=1e-12)
    np.testing.assert_allclose(
        slope,
        own_curvature(priced.buyers, parts, price - priced.offers.marginal_cost),
        rtol=1e-10,
        atol=1e-12,
    )
    np.testing.assert_allclose(markup_sums(priced, sloped=False)(price)[0], asked, rtol=1e-13)
