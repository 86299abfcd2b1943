"""State tax, and the limit of section 382 on losses from before a change of ownership."""

import jax.numpy as jnp
import numpy as np

from framerail.program import combined_tax_rate, income_tax

YEARS = jnp.arange(2024.0, 2030.0)


def quarters(*annual):
    return jnp.repeat(jnp.asarray(annual, dtype=float) / 4, 4)


def test_state_tax_is_deducted_from_federal_income(finance, change):
    rate = combined_tax_rate(change(finance, tax_rate=0.21, state_tax_rate=0.05))
    np.testing.assert_allclose(rate, 1 - 0.79 * 0.95)


def test_a_change_of_ownership_limits_older_losses(finance, change):
    # Loss of 100 in 2024; the company is sold on 1 January 2025 with a limit of 10 a year.
    sold = change(finance, ownership_change=2025.0, ownership_limit=10)
    taxable = quarters(-100, 0, 50, 50, 50, 50)
    result = income_tax(sold, taxable, YEARS)
    # 2025 is idle: its limit is carried to 2026.
    np.testing.assert_allclose(result.loss_used, [0, 0, 20, 10, 10, 10])
    np.testing.assert_allclose(result.loss_carried, [100, 100, 80, 70, 60, 50])
    np.testing.assert_allclose(result.loss_limited, [0, 100, 80, 70, 60, 50])
    free = income_tax(finance, taxable, YEARS)
    np.testing.assert_allclose(free.loss_used, [0, 0, 40, 40, 20, 0])
    np.testing.assert_allclose(free.loss_limited, 0.0)


def test_newer_losses_are_not_limited(finance, change):
    sold = change(finance, ownership_change=2025.0, ownership_limit=10, opening_loss=60)
    result = income_tax(sold, quarters(0, -100, 100, 100, 0, 0), YEARS)
    # 2026: 20 old (two years' limit) and 60 new under four fifths of income; then 10 and 40.
    np.testing.assert_allclose(result.loss_used, [0, 0, 80, 50, 0, 0])
    np.testing.assert_allclose(result.loss_limited, [0, 60, 40, 30, 30, 30])
    assert float(result.residual) < 1e-9


def test_the_year_of_the_change_is_divided_by_days(finance, change):
    sold = change(finance, ownership_change=2024.25, ownership_limit=8, opening_loss=100)
    result = income_tax(sold, quarters(40, 0, 0, 0, 0, 0), YEARS)
    # A quarter of 80% of 40 is free, and three quarters of the limit of 8.
    np.testing.assert_allclose(result.loss_used[0], 0.25 * 32 + 0.75 * 8)


def test_without_income_the_losses_stay(finance, change):
    idle = income_tax(change(finance, opening_loss=5), quarters(0, 0, 0, 0, 0, 0), YEARS)
    np.testing.assert_allclose(idle.loss_carried, 5.0)
    np.testing.assert_allclose(idle.tax, 0.0)
