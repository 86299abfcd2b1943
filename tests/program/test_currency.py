"""Forward parity, the drawn path, and figures in yen."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from framerail.program import (
    cash_flow,
    exchange_rate,
    forward_rate,
    home_discount_rate,
    home_value,
    statements,
    translated,
)


def test_forwards_earn_the_same_in_both_currencies(yen):
    dates = jnp.asarray([2024.1667, 2025.1667, 2034.1667])
    forward = forward_rate(yen, dates)
    # A dollar invested and sold forward is a dollar changed at once and invested in yen.
    years = np.asarray(dates) - 2024.1667
    np.testing.assert_allclose(1.042**years * forward, 150.0 * 1.008**years, rtol=1e-12)


def test_path_departs_from_the_forward_by_drift_and_shock(yen, change):
    dates = jnp.asarray([2023.0, 2024.1667, 2028.1667])
    path = exchange_rate(change(yen, shock=1.0), dates)
    forward = forward_rate(yen, dates)
    np.testing.assert_allclose(path[:2], forward[:2])
    np.testing.assert_allclose(path[2] / forward[2], 1.01**4 * np.exp(0.1 * 2.0))


def test_shock_is_the_logarithm_s_standard_deviation(yen, change):
    dates = jnp.asarray([2033.1667])
    draws = jax.random.normal(jax.random.key(3), (4000,))
    logs = jax.vmap(lambda z: jnp.log(exchange_rate(dataclasses.replace(yen, shock=z), dates)[0]))(
        draws
    )
    np.testing.assert_allclose(jnp.std(logs), 0.1 * 3.0, rtol=0.05)


def test_dollars_sold_forward_are_worth_the_same_in_yen(yen, change, finance, streams, grid, dates):
    cash = cash_flow(finance, streams, grid, **dates)
    covered = change(yen, premium=0.0)
    result = home_value(finance, covered, cash, grid.middle, dates["valuation_date"])
    np.testing.assert_allclose(result.npv, result.npv_hedged, rtol=1e-12)
    np.testing.assert_allclose(result.npv, 150.0 * cash.npv, rtol=1e-12)
    assert float(home_discount_rate(finance, yen)) < float(finance.discount_rate)
    weak = home_value(finance, change(yen, shock=1.0), cash, grid.middle, dates["valuation_date"])
    assert float(weak.npv) > float(result.npv)  # a weaker yen makes later dollars worth more yen


def test_translated_statements_tie_through_the_adjustment(
    yen, change, finance, streams, grid, dates
):
    cash = cash_flow(finance, streams, grid, **dates)
    start = dates["start_of_production"]
    books = statements(
        finance,
        streams,
        cash,
        grid,
        start_of_production=start,
        end_of_production=jnp.asarray(2034.2),
    )
    moving = change(yen, shock=0.7)
    average, closing = exchange_rate(moving, grid.middle), exchange_rate(moving, grid.end)
    result = translated(books, average, closing)
    assert float(result.residual) < 1.0  # a yen, on balances of 1e11
    assert float(jnp.max(jnp.abs(result.translation_adjustment))) > 1e9
    still = translated(books, jnp.full(56, 150.0), jnp.full(56, 150.0))
    np.testing.assert_allclose(still.translation_adjustment, 0.0, atol=1.0)
    np.testing.assert_allclose(still.net_income, 150.0 * books.income.net_income)
