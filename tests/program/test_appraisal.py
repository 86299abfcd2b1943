"""Measures of worth, break-even in trucks and dollars, and the waterfall."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.calendar import fraction_between
from framerail.program import (
    ELEMENTS,
    VOLUME_LINES,
    appraisal,
    break_even_volume_and_price,
    cash_flow,
    no_streams,
    present_value,
    scaled,
)
from framerail.program.cash_flow import INFLOWS, OUTFLOWS


@pytest.fixture
def trucks(grid):
    return 7_000.0 * fraction_between(jnp.asarray(2026.6), jnp.asarray(2034.2), grid)


@pytest.fixture
def appraised(finance, commercial, streams, trucks, grid, dates):
    cash = cash_flow(finance, streams, grid, **dates)
    inflation = jnp.asarray(0.024)
    return cash, appraisal(
        finance, commercial, streams, cash, trucks, grid, **dates, inflation=inflation
    )


def test_every_line_is_in_one_step_of_the_waterfall():
    lines = [line for _, group in ELEMENTS for line in group]
    assert sorted(lines) == sorted(
        [*INFLOWS, *OUTFLOWS, "tax", "working_capital", "warranty_reserve"]
    )


def test_waterfall_ends_at_the_present_value(appraised, trucks):
    cash, result = appraised
    steps = result.waterfall
    assert float(steps.residual) < 0.01
    np.testing.assert_allclose(steps.level[-1], cash.npv, atol=0.01)
    np.testing.assert_allclose(steps.level, np.cumsum(steps.amount))
    discounted = jnp.sum(cash.discount_factor * trucks)
    np.testing.assert_allclose(jnp.sum(steps.per_truck) * discounted, cash.npv, atol=0.01)
    assert float(steps.per_truck[0]) == pytest.approx(50_000.0)
    assert float(steps.contribution) > float(cash.npv)


def test_value_in_real_dollars_is_the_value(appraised):
    cash, result = appraised
    np.testing.assert_allclose(result.npv_real, cash.npv, rtol=1e-12)


def test_break_even_trucks_and_revenue_make_the_value_zero(
    appraised, finance, commercial, streams, grid, dates, trucks
):
    result = appraised[1]
    volume = result.break_even_volume.scale
    left = present_value(finance, scaled(streams, VOLUME_LINES, volume), grid, **dates)
    np.testing.assert_allclose(left, 0.0, atol=0.01)
    np.testing.assert_allclose(result.break_even_trucks, volume * jnp.sum(trucks))
    factor = float(result.break_even_price.scale)
    more = (factor - 1.0) * streams.revenue
    priced = dataclasses.replace(
        streams,
        revenue=streams.revenue + more,
        selling=streams.selling + commercial.selling_fraction * more,
    )
    np.testing.assert_allclose(present_value(finance, priced, grid, **dates), 0.0, atol=0.01)
    np.testing.assert_allclose(result.break_even_revenue, 50_000.0 * factor)


def test_selling_expense_in_the_price_spares_part_of_a_cut(finance, streams, grid, dates):
    scales = [
        float(
            break_even_volume_and_price(
                finance, streams, grid, **dates, selling_fraction=jnp.asarray(share)
            )[1].scale
        )
        for share in (0.0, 0.06)
    ]
    assert scales[1] < scales[0] < 1.0


def test_rates_of_return_and_paybacks_are_in_order(appraised):
    cash, result = appraised
    # Reinvested at the required rate, a good program earns less than its internal rate.
    assert 0.10 < float(result.mirr) < float(cash.irr)
    assert float(result.payback) < float(result.discounted_payback)
    assert bool(result.pays_back_discounted)
    assert float(result.profitability) > 0


def test_nothing_is_appraised_as_nothing(finance, commercial, grid, dates):
    none = no_streams(grid)
    cash = cash_flow(finance, none, grid, **dates)
    result = appraisal(
        finance, commercial, none, cash, jnp.zeros(56), grid, **dates, inflation=jnp.asarray(0.02)
    )
    for value in (result.npv, result.profitability, result.mirr, result.break_even_trucks):
        assert float(value) == 0.0
    np.testing.assert_allclose(result.waterfall.per_truck, 0.0)
