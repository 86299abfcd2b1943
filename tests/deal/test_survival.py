"""Shape of the survival model's answers."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import MarketAccess, default_quarter, survive
from framerail.numerics.calendar import quarter_grid

GRID = quarter_grid(2024.0, 5)
number = jnp.asarray
CLOSED = MarketAccess(*map(number, (0.0, 1e6, 0.5, 0.0, 2024.0)))


SURVIVE = jax.jit(survive)


def run(cash=300e6, floor=0.0, burn=50e6, put=0.0, shock=80e6, access=CLOSED):
    return SURVIVE(
        number(cash), number(floor), jnp.full(20, -burn), jnp.full(20, put), number(shock),
        access, GRID,
    )  # fmt: skip


def test_probabilities_are_probabilities():
    found = run()
    assert np.all(np.asarray(found.default) >= 0)
    assert np.all(np.diff(np.asarray(found.cumulative)) >= 0)
    assert float(found.cumulative[-1]) <= 1
    np.testing.assert_allclose(found.cumulative[0], found.hazard[0])


def test_runway_is_naive():
    assert float(run(cash=300e6, burn=50e6).runway) == pytest.approx(6.0)
    assert float(run(cash=300e6, floor=25e6, burn=50e6).runway) == pytest.approx(5.5)
    assert float(run(burn=-1e6).runway) == 20.0


def test_below_the_floor_is_failure_at_once():
    assert float(run(cash=10e6, floor=20e6).default[0]) == 1.0


def test_expected_cash_follows_the_plan_when_nothing_can_happen():
    found = run(cash=1.8e9, burn=20e6)
    np.testing.assert_allclose(found.expected_cash[:6], found.planned_cash[:6], rtol=1e-6)


def test_delisting_fails_who_cannot_pay_and_only_then():
    struck = dataclasses.replace(CLOSED, delisting=number(2.0))
    rich, poor = run(cash=3e9, burn=0.0, put=500e6, access=struck), run(put=500e6, access=struck)
    assert float(rich.cumulative[-1]) < 1e-6
    assert float(poor.default[0]) == pytest.approx(1 - np.exp(-0.5), abs=1e-3)
    later = dataclasses.replace(struck, delisting_from=number(2025.0))
    assert float(run(put=500e6, access=later).default[0]) < 0.01


def test_raises_help():
    often = dataclasses.replace(CLOSED, raises=number(2.0), raise_amount=number(150e6))
    assert float(run(access=often).cumulative[-1]) < float(run().cumulative[-1]) - 0.2


def test_cash_off_scale_is_said():
    assert bool(run(cash=1e10, shock=80e6).capped)
    assert not bool(run().capped)


def test_default_quarter_inverts_the_distribution():
    cumulative = number([0.0, 0.25, 0.25, 0.75])
    wanted = {0.0: 1.0, 0.125: 1.5, 0.25: 3.0, 0.5: 3.5, 0.75: 4.0, 0.9: 4.0}
    for chance, time in wanted.items():
        assert float(default_quarter(cumulative, number(chance))) == pytest.approx(time)


def test_default_quarter_draws_the_distribution():
    found = run()
    draws = (jnp.arange(20_000) + 0.5) / 20_000
    times = np.asarray(jax.vmap(lambda u: default_quarter(found.cumulative, u))(draws))
    share = [(times < end).mean() for end in range(1, 21)]
    np.testing.assert_allclose(share, found.cumulative, atol=1e-3)


def test_default_time_has_a_gradient():
    @jax.jit
    def time(cash):
        found = survive(
            cash, number(0.0), jnp.full(20, -50e6), jnp.zeros(20), number(80e6), CLOSED, GRID
        )
        return default_quarter(found.cumulative, number(0.4))

    cash, step = number(300e6), 1e4
    slope = (time(cash + step) - time(cash - step)) / (2 * step)
    assert float(jax.jit(jax.grad(time))(cash)) == pytest.approx(float(slope), rel=1e-4)
    assert float(slope) > 0
