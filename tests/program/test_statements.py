"""Income statement, balance sheet and cash-flow statement of a simple program."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.program import book_assets, cash_flow, combined_tax_rate, no_streams, statements

CENT = 0.01


@pytest.fixture
def books(finance, streams, grid, dates):
    cash = cash_flow(finance, streams, grid, **dates)
    start = dates["start_of_production"]
    return cash, statements(
        finance,
        streams,
        cash,
        grid,
        start_of_production=start,
        end_of_production=jnp.asarray(2034.2),
    )


def test_statements_tie(books):
    cash, result = books
    assert float(result.balance_residual) < CENT
    assert float(result.cash_residual) < CENT
    # Every balance has unwound by the end: lifetime income is lifetime cash.
    np.testing.assert_allclose(result.balance.retained_earnings[-1], cash.cumulative[-1], atol=CENT)
    for name in ("receivable", "fixed_assets", "deferred_tax", "prepaid_tax", "warranty_reserve"):
        assert abs(float(getattr(result.balance, name)[-1])) < CENT


def test_every_quarter_bears_the_combined_rate_on_its_own_income(books, finance, streams):
    income, rate = books[1].income, combined_tax_rate(finance)
    gap = (
        income.current_tax
        + income.deferred_tax
        - rate * (income.operating_income - streams.production_credit)
    )
    # Losses after the last year of income are never used: the allowance for them, no more.
    unused = rate * books[0].income_tax.loss_carried[-1]
    np.testing.assert_allclose(gap[:40], 0.0, atol=CENT)
    np.testing.assert_allclose(jnp.sum(gap), unused, atol=CENT)
    assert float(unused) > 1e6


def test_estimated_tax_is_settled_at_every_year_end(books):
    cash, result = books
    np.testing.assert_allclose(result.balance.prepaid_tax[3::4], 0.0, atol=CENT)
    np.testing.assert_allclose(
        jnp.sum(result.income.current_tax), jnp.sum(cash.income_tax.tax), atol=CENT
    )


def test_losses_that_are_never_used_are_no_asset(finance, grid, dates, streams):
    poor = dataclasses.replace(no_streams(grid), engineering=streams.engineering)
    cash = cash_flow(finance, poor, grid, **dates)
    result = statements(
        finance,
        poor,
        cash,
        grid,
        start_of_production=dates["start_of_production"],
        end_of_production=jnp.asarray(2034.2),
    )
    assert float(cash.income_tax.loss_carried[-1]) > 300e6
    assert float(result.balance_residual) < CENT
    np.testing.assert_allclose(result.balance.deferred_tax[-1], 0.0, atol=CENT)
    np.testing.assert_allclose(
        jnp.sum(result.income.net_income), -jnp.sum(streams.engineering), atol=CENT
    )


def test_losses_brought_in_are_funding_at_their_tax_value(change, finance, streams, grid, dates):
    rich = change(finance, opening_loss=100e6)
    cash = cash_flow(rich, streams, grid, **dates)
    result = statements(
        rich,
        streams,
        cash,
        grid,
        start_of_production=dates["start_of_production"],
        end_of_production=jnp.asarray(2034.2),
    )
    assert float(jnp.min(cash.income_tax.loss_carried)) == 0.0  # all of it is used
    np.testing.assert_allclose(result.balance.funding + cash.cumulative, 25e6, atol=CENT)
    assert float(result.balance_residual) < CENT


def test_tools_are_charged_over_what_is_left_of_production(grid):
    first, facelift = jnp.zeros(56).at[4].set(320.0), jnp.zeros(56).at[26].set(160.0)
    start, end = jnp.asarray(2026.5), jnp.asarray(2034.5)
    charge = book_assets(first + facelift, start, end, grid).depreciation
    np.testing.assert_allclose(charge[:10], 0.0)
    np.testing.assert_allclose(charge[10:26], 10.0)
    np.testing.assert_allclose(charge[26:42], 20.0)
    np.testing.assert_allclose(charge[42:], 0.0, atol=1e-9)


def test_what_is_spent_without_production_is_written_off(grid):
    late = book_assets(
        jnp.zeros(56).at[50].set(7.0), jnp.asarray(2026.5), jnp.asarray(2034.5), grid
    )
    assert float(late.depreciation[50]) == 7.0
    never = book_assets(jnp.full(56, 1.0), jnp.asarray(2040.0), jnp.asarray(2045.0), grid)
    np.testing.assert_allclose(never.net, 0.0)
