"""The quarterly calendar: totals are kept and dates count by fractions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.calendar import (
    annual_flow_to_quarterly,
    annual_level_to_quarterly,
    at_once,
    fraction_after,
    fraction_before,
    fraction_between,
    growth_index,
    quarter_grid,
    quarterly_flow_to_annual,
    quarterly_level_to_annual,
    spread,
)

GRID = quarter_grid(2024.0, 4)


def test_grid_names_its_quarters_and_years():
    assert GRID.quarters == 16
    np.testing.assert_allclose(GRID.start_of_quarter[:3], [2024.0, 2024.25, 2024.5])
    np.testing.assert_allclose(GRID.middle[0], 2024.125)
    np.testing.assert_allclose(GRID.end[-1], 2028.0)
    assert GRID.year_index.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    np.testing.assert_allclose(GRID.year_start, [2024.0, 2025.0, 2026.0, 2027.0])


def test_fractions_divide_the_quarter_of_the_date():
    after = fraction_after(jnp.asarray(2024.3), GRID)
    np.testing.assert_allclose(after[:3], [0.0, 0.8, 1.0], atol=1e-9)
    np.testing.assert_allclose(after + fraction_before(jnp.asarray(2024.3), GRID), 1.0)
    between = fraction_between(jnp.asarray(2024.3), jnp.asarray(2025.1), GRID)
    np.testing.assert_allclose(jnp.sum(between) / 4, 0.8, atol=1e-9)
    assert float(jnp.sum(fraction_between(jnp.asarray(2026.0), jnp.asarray(2025.0), GRID))) == 0.0


@pytest.mark.parametrize(
    ("start", "end"), [(2024.1, 2026.7), (2020.0, 2023.0), (2030.0, 2031.0), (2027.5, 2035.0)]
)
def test_spread_keeps_the_amount_inside_and_outside_the_grid(start, end):
    flow = spread(jnp.asarray(70.0), jnp.asarray(start), jnp.asarray(end), GRID)
    np.testing.assert_allclose(jnp.sum(flow), 70.0, rtol=1e-14)
    assert float(jnp.min(flow)) >= 0


def test_spread_is_even():
    flow = spread(jnp.asarray(8.0), jnp.asarray(2024.5), jnp.asarray(2025.5), GRID)
    np.testing.assert_allclose(flow[:8], [0, 0, 2, 2, 2, 2, 0, 0], atol=1e-12)


def test_spread_of_a_reversed_span_falls_in_the_quarter_of_its_start():
    flow = spread(jnp.asarray(5.0), jnp.asarray(2025.1), jnp.asarray(2024.1), GRID)
    np.testing.assert_allclose(flow[4], 5.0)


def test_a_date_at_the_start_of_a_quarter_lies_in_it():
    flow = at_once(jnp.asarray(3.0), jnp.asarray(2024.75), GRID)
    np.testing.assert_allclose(flow[3], 3.0)
    late = at_once(jnp.asarray(3.0), jnp.asarray(2050.0), GRID)
    np.testing.assert_allclose(late[-1], 3.0)


def test_dates_have_the_right_derivative(finite_difference):
    weights = jnp.arange(16.0)

    def value(date):
        a = spread(jnp.asarray(70.0), date, date + 1.3, GRID)
        b = at_once(jnp.asarray(9.0), date + 0.2, GRID)
        return jnp.sum(weights * (a + b + fraction_after(date, GRID)))

    at = 2025.13
    np.testing.assert_allclose(
        jax.grad(value)(jnp.asarray(at)),
        finite_difference(lambda d: value(jnp.asarray(d)), at, 1e-4),
        rtol=1e-6,
    )


def test_years_and_quarters_go_back_and_forth():
    annual = jnp.array([4.0, 8.0, 2.0, 1.0])
    np.testing.assert_allclose(
        quarterly_flow_to_annual(annual_flow_to_quarterly(annual, GRID)), annual
    )
    np.testing.assert_allclose(
        quarterly_level_to_annual(annual_level_to_quarterly(annual, GRID)), annual
    )
    short = jnp.array([4.0, 8.0])
    np.testing.assert_allclose(jnp.sum(annual_flow_to_quarterly(short, GRID)), 12.0)
    np.testing.assert_allclose(annual_level_to_quarterly(short, GRID)[-1], 8.0)


def test_growth_index_is_one_at_its_base():
    index = growth_index(jnp.asarray(0.05), jnp.asarray(2024.125), GRID)
    np.testing.assert_allclose(index[0], 1.0)
    np.testing.assert_allclose(index[4], 1.05)
