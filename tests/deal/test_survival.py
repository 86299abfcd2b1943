"""Shape of the survival model's answers."""

import dataclasses
import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import (
    Covenant,
    FinancingDrivers,
    MarketAccess,
    StaffCut,
    business_plan,
    default_quarter,
    effective_access,
    survive,
)
from framerail.numerics.calendar import quarter_grid

GRID = quarter_grid(2024.0, 5)
number = jnp.asarray
CLOSED = MarketAccess(*map(number, (0.0, 1e6, 0.5, 0.0, 2024.0)))
ABLE = MarketAccess(*map(number, (2.0, 150e6, 0.5, 0.0, 2024.0)))
READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
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
    found = run(cash=1.5e9, burn=20e6)
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


def test_a_breached_covenant_ends_who_is_not_waived():
    """Nobody can show ten billion: a quarter's end leaves the share that lenders let pass."""
    asked = Covenant(number(1e10), number(2024.5), number(0.3))
    plain = run(cash=1.5e9, burn=0.0)
    given = (number(1.5e9), number(0.0), jnp.zeros(20), jnp.zeros(20), number(80e6), CLOSED, GRID)
    found = jax.jit(lambda covenant: survive(*given, covenant=covenant))(asked)
    tests = np.maximum(np.arange(20) - 1, 0)
    wanted = (1 - np.asarray(plain.cumulative)) * 0.3**tests
    np.testing.assert_allclose(1 - np.asarray(found.cumulative), wanted, rtol=1e-6)
    waived = dataclasses.replace(asked, cash=number(500e6), waiver=number(0.0))
    held = jax.jit(lambda covenant: survive(*given, covenant=covenant))(waived)
    assert float(plain.cumulative[7]) < 1e-9 < float(held.cumulative[7]) < 0.1


DRIVERS = FinancingDrivers(*map(number, (300e6, 0.3, 0.6, 0.8, 0.5, 0.2, 50e6)))


def test_access_is_what_price_window_liens_and_sponsor_leave():
    able = effective_access(dataclasses.replace(ABLE, drivers=DRIVERS))
    market = 2.0 * 0.6 * (1 - 0.8 * 0.5)
    assert float(able.raises) == pytest.approx(market + 0.2)
    assert float(able.raise_amount) == pytest.approx((market * 90e6 + 0.2 * 50e6) / (market + 0.2))


@pytest.mark.parametrize(
    ("driver", "better"),
    [("market_value", 600e6), ("window", 1.0), ("lien_space", 1.0), ("sponsor_raises", 1.0)],
)
def test_each_driver_of_capital_keeps_it_alive(driver, better):
    def failed(drivers):
        return float(run(access=effective_access(dataclasses.replace(ABLE, drivers=drivers)))
                     .cumulative[11])  # fmt: skip

    assert failed(dataclasses.replace(DRIVERS, **{driver: number(better)})) < failed(DRIVERS) - 0.01


@pytest.mark.parametrize(
    ("change", "lives_longer"),
    [
        (lambda b: dataclasses.replace(b, price=0.8 * b.price), False),
        (lambda b: dataclasses.replace(b, capital_spending=3.0 * b.capital_spending), False),
        (lambda b: dataclasses.replace(b, stock=0.0 * b.stock), False),
        (lambda b: dataclasses.replace(b, goal=1.3 * b.goal, price=1.2 * b.price), True),
        (lambda b: dataclasses.replace(
            b, cuts={"more": StaffCut(number(0.5), number(2024.25), number(0.1))}), True),
    ],
    ids=["price cut", "capital spending", "no stock to sell", "deliveries", "staff cut"],
)  # fmt: skip
def test_the_plan_drives_survival(change, lives_longer):
    start_up = READING["reference_inputs"]().partners.start_up

    def failed(business):
        plan = business_plan(dataclasses.replace(start_up, business=business), GRID)
        return float(SURVIVE(start_up.cash, start_up.minimum_cash, plan.net, jnp.zeros(20),
                             number(98e6), CLOSED, GRID).cumulative[5])  # fmt: skip

    gained = failed(start_up.business) - failed(change(start_up.business))
    assert gained > 0.01 if lives_longer else gained < -0.01


def test_cash_off_scale_is_said():
    assert bool(run(cash=1e10, shock=80e6).capped)
    assert not bool(run().capped)
    above = run(cash=3e9, burn=300e6)
    assert bool(above.capped)
    assert float(above.residual) < 1e-6
    steep = run(cash=1e9, burn=-3e9)
    assert bool(steep.capped)
    assert float(steep.residual) < 1e-6


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
