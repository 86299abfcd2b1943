"""Depreciation, tax, working capital and cash flow on worked cases."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.outcome import describe
from framerail.program import (
    BREAK_EVEN_OUTCOMES,
    OUTCOMES,
    PRICE_LINES,
    VOLUME_LINES,
    break_even,
    cash_flow,
    income_tax,
    macrs_rates,
    no_streams,
    present_value,
    scaled,
    tax_depreciation,
    working_capital,
)
from framerail.program.depreciation import placed_in_service, research_deduction

YEARS = jnp.arange(2024.0, 2028.0)


solved = jax.jit(break_even, static_argnames="lines")


def names(mask, table=OUTCOMES):
    return [entry.name for entry in describe(int(mask), table)]


def test_nothing_in_nothing_out(finance, grid, dates):
    result = cash_flow(finance, no_streams(grid), grid, **dates)
    assert float(result.npv) == 0
    assert float(result.irr) == 0
    assert float(result.peak_funding) == 0
    assert names(result.outcome) == ["no_rate_of_return"]


def test_flow_ties_out_and_returns(finance, streams, grid, dates):
    result = cash_flow(finance, streams, grid, **dates)
    assert float(result.identity_residual) < 0.01
    factor = (1 + result.irr) ** -(grid.middle - 2024.0)
    np.testing.assert_allclose(jnp.sum(factor * result.free_cash_flow) / 1e6, 0, atol=1e-6)
    assert names(result.outcome) == []
    assert 2026.5 < float(result.peak_date) < 2027.5
    paid_back = 2024.1667 + float(result.payback)
    turn = np.interp(paid_back, grid.end, result.cumulative)
    np.testing.assert_allclose(turn / 1e6, 0, atol=1e-6)


def test_a_losing_program_says_that_it_never_pays_back(finance, streams, grid, dates):
    result = cash_flow(finance, scaled(streams, VOLUME_LINES, jnp.asarray(0.0)), grid, **dates)
    assert names(result.outcome) == ["no_rate_of_return", "no_payback"]
    np.testing.assert_allclose(result.payback, 2038.0 - 2024.1667)
    assert np.isfinite(float(result.irr))


def test_investment_waits_for_the_start_of_production(grid, dates, streams):
    placed = placed_in_service(streams.tooling, dates["start_of_production"], grid)
    np.testing.assert_allclose(jnp.sum(placed), 180e6)
    assert float(jnp.sum(placed[grid.end <= 2026.6])) == 0
    deducted = tax_depreciation(placed, 3, jnp.asarray(0.0))
    # Half-year percentages of 3-year property, a year from the quarter of service.
    after = np.cumsum(deducted)[np.searchsorted(grid.start_of_quarter, [2027.5, 2028.5, 2029.5])]
    assert 0.33 < after[0] / 180e6 < 0.46
    np.testing.assert_allclose(jnp.sum(deducted), 180e6)


def test_what_is_not_recovered_is_written_off_at_the_end(grid):
    late = jnp.zeros(56).at[52].set(100.0)
    deducted = tax_depreciation(late, 7, jnp.asarray(0.2))
    np.testing.assert_allclose(jnp.sum(deducted), 100.0)
    assert float(deducted[55]) > 60


def test_research_is_spread_over_five_years(grid):
    spent = jnp.zeros(56).at[0].set(100.0)
    deducted = research_deduction(spent, jnp.asarray(1.0)).reshape(-1, 4).sum(axis=1)
    np.testing.assert_allclose(deducted[:7], [10, 20, 20, 20, 20, 10, 0], atol=1e-9)
    np.testing.assert_allclose(research_deduction(spent, jnp.asarray(0.0)), spent)


def test_losses_carry_forward_to_four_fifths_of_income(finance, change):
    # Years: loss 100, then income 50, 100, 100. Used 40, 60, 0.
    annual = jnp.array([-100.0, 50.0, 100.0, 100.0])
    result = income_tax(finance, jnp.repeat(annual / 4, 4), YEARS)
    np.testing.assert_allclose(result.loss_used, [0, 40, 60, 0])
    np.testing.assert_allclose(result.loss_carried, [100, 60, 0, 0])
    np.testing.assert_allclose(result.tax.reshape(-1, 4).sum(axis=1), [0, 2.5, 10, 25])
    relieved = income_tax(change(finance, loss_relief=1), jnp.repeat(annual / 4, 4), YEARS)
    np.testing.assert_allclose(relieved.tax.reshape(-1, 4).sum(axis=1), [-25, 12.5, 25, 25])
    opening = income_tax(change(finance, opening_loss=30), jnp.repeat(annual / 4, 4), YEARS)
    np.testing.assert_allclose(opening.loss_carried, [130, 90, 10, 0])


def test_seasons_within_a_year_do_not_change_its_tax(finance):
    flat, steep = jnp.full(4, 25.0), jnp.array([-100.0, 0.0, 50.0, 150.0])
    np.testing.assert_allclose(
        income_tax(finance, flat, YEARS[:1]).tax, income_tax(finance, steep, YEARS[:1]).tax
    )


def test_working_capital_is_days_of_flow(finance, change):
    exact = change(finance, receivable_days=365.25 / 4, inventory_days=0, payable_days=365.25 / 8)
    flow = jnp.array([100.0, 200.0, 0.0, 0.0])
    balance = working_capital(exact, flow, 0.5 * flow, flow)
    np.testing.assert_allclose(balance.receivable, flow)
    np.testing.assert_allclose(balance.trade, flow - 0.25 * flow)
    assert float(balance.warranty_reserve[-1]) == 0
    prompt = working_capital(change(finance, warranty_lag=0), flow, flow, flow)
    np.testing.assert_allclose(prompt.warranty_reserve, 0)


def test_break_even_volume_and_price_make_the_value_zero(finance, streams, grid, dates):
    for lines in (VOLUME_LINES, PRICE_LINES):
        found = solved(finance, streams, grid, **dates, lines=lines)
        assert names(found.outcome, BREAK_EVEN_OUTCOMES) == []
        assert 0.2 < float(found.scale) < 1.0
        left = present_value(finance, scaled(streams, lines, found.scale), grid, **dates)
        np.testing.assert_allclose(left, 0, atol=0.01)


@pytest.mark.parametrize(
    ("price", "fee", "outcome", "scale"),
    [(0.5, 0.0, "never_breaks_even", 20.0), (1.0, 5e9, "always_above", 0.0)],
)
def test_no_break_even_is_an_outcome(finance, streams, grid, dates, price, fee, outcome, scale):
    poor = scaled(streams, PRICE_LINES, jnp.asarray(price))
    poor = dataclasses.replace(poor, license_received=poor.license_received.at[4].set(fee))
    found = solved(finance, poor, grid, **dates)
    assert names(found.outcome, BREAK_EVEN_OUTCOMES) == [outcome]
    assert float(found.scale) == scale


def test_what_one_partner_pays_the_other_receives(finance, streams, grid, dates):
    fee = jnp.zeros(56).at[2].set(100e6)
    payer = dataclasses.replace(streams, license_paid=fee)
    receiver = dataclasses.replace(streams, license_received=fee)
    plain = cash_flow(finance, streams, grid, **dates)
    paid, got = (cash_flow(finance, side, grid, **dates) for side in (payer, receiver))
    np.testing.assert_allclose(paid.lines["license_paid"], -got.lines["license_received"])
    assert float(paid.npv) < float(plain.npv) < float(got.npv)


def test_credit_for_production_is_not_taxed(finance, streams, grid, dates):
    without = cash_flow(
        finance, scaled(streams, ("production_credit",), jnp.asarray(0.0)), grid, **dates
    )
    credited = cash_flow(finance, streams, grid, **dates)
    np.testing.assert_allclose(credited.lines["tax"], without.lines["tax"])


def test_macrs_refuses_a_life_that_is_none():
    with pytest.raises(ValueError, match="expected 3, 5, 7"):
        macrs_rates(4)
