"""The start-up's plan: what is built, sold and kept in stock, and the cash of it."""

import dataclasses
import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from framerail.deal import PriceCut, ProductionPlan, business_plan, survive
from framerail.deal.cash_plan import unplanned_stock
from framerail.numerics.calendar import quarter_grid

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
START_UP = READING["reference_inputs"]().partners.start_up
GRID = quarter_grid(2024.0, 5)
number = jnp.asarray


def changed(**fields):
    return dataclasses.replace(START_UP, business=dataclasses.replace(START_UP.business, **fields))


def planned(rate, adjustment=0.25, markdown=0.0):
    return ProductionPlan(number(float(rate)), number(adjustment), number(markdown))


def plan(**fields):
    return business_plan(changed(**fields), GRID)


@pytest.mark.parametrize("production", [None, planned(19156), planned(4000), planned(0)])
def test_no_car_is_lost(production):
    """Stock is what it was, and what was built, less what was delivered; nothing is unbuilt."""
    found = plan(production=production)
    stock = float(START_UP.business.stock)
    np.testing.assert_allclose(
        found.stock, stock + np.cumsum(found.built - found.deliveries), rtol=1e-9
    )
    assert float(found.built.min()) >= 0.0
    assert float(found.stock.min()) >= -1e-6


@pytest.mark.parametrize(("adjustment", "release"), [(0.25, 1.5), (1.0, 1.0), (3.0, 0.5)])
def test_unplanned_stock_solves_its_equation(adjustment, release):
    found = unplanned_stock(number(6000.0), number(adjustment), number(release), GRID)
    time = np.asarray(GRID.end) - 2024.0
    wanted = solve_ivp(
        lambda t, s: 6000.0 * np.exp(-t / adjustment) - s / release,
        (0.0, time[-1]), [0.0], t_eval=time, rtol=1e-10, atol=1e-8,
    )  # fmt: skip
    np.testing.assert_allclose(found, wanted.y[0], rtol=1e-7, atol=1e-4)


def test_stock_first_costs_cash_and_gives_it_back_later():
    """Building on at the rate of 2023Q4 drains cash at once; as many cars fewer are built later."""
    built, leaner = plan(production=planned(19156)), plan(production=None)
    more = np.asarray(built.built - leaner.built)
    assert more[0] > 1000.0
    assert float(built.inventory[0]) > 40e6
    assert float(built.operating[0] - leaner.operating[0]) < -40e6
    assert float((built.operating - leaner.operating)[4:].max()) > 0.0
    assert abs(more.sum()) < 0.1 * more[:2].sum()  # the last of it is sold after five years
    assert float(built.stock.max()) > float(START_UP.business.stock)


def test_what_is_built_runs_from_the_lines_rate_to_sales():
    found = plan(production=planned(19156, adjustment=0.05))
    leaner = plan(production=None)
    np.testing.assert_allclose(found.built[-4:], leaner.built[-4:], rtol=0.05)
    slow = plan(production=planned(19156, adjustment=2.0))
    assert float(slow.built[0]) * 4 == pytest.approx(19156, rel=0.12)


def test_a_markdown_falls_on_cars_that_leave_the_stock():
    whole, less = (plan(production=planned(4000, markdown=m)) for m in (0.0, 0.1))
    out = np.maximum(whole.deliveries - whole.built, 0.0)
    lost = np.asarray(whole.operating - less.operating)
    assert out[0] > 0.0
    price = lost[out > 1.0] / (0.1 * out[out > 1.0])
    assert np.all((price > 30e3) & (price < 55e3))
    np.testing.assert_allclose(lost[out == 0.0], 0.0, atol=1e-6)


def test_a_price_cut_sells_more_for_less():
    cut = {"spring": PriceCut(number(0.25), number(2024.25), number(2.0))}
    base, cheap = plan(), plan(price_cuts=cut)
    np.testing.assert_allclose(cheap.deliveries[1:], base.deliveries[1:] / 0.75**2, rtol=1e-9)
    assert float(cheap.deliveries[0]) == float(base.deliveries[0])
    flat = {"spring": PriceCut(number(0.25), number(2024.25), number(0.0))}
    lost = base.operating - plan(price_cuts=flat).operating
    sold = base.deliveries * START_UP.business.price * 0.96
    assert float(lost[1]) == pytest.approx(0.25 * float(sold[1]), rel=0.1)


def test_building_for_the_shelf_shortens_life():
    @jax.jit
    def failed(production):
        drift = business_plan(changed(production=production), GRID).net
        access = READING["reference_inputs"]().survival.without_deal
        given = (START_UP.cash, START_UP.minimum_cash, drift, jnp.zeros(20), number(98e6))
        return survive(*given, access, GRID).cumulative[3]

    assert float(failed(planned(19156))) > float(failed(planned(8000))) + 0.02


def test_the_plan_has_a_gradient_in_every_leaf():
    production = planned(14000, markdown=0.08)

    @jax.jit
    @jax.grad
    def slope(given):
        return business_plan(changed(production=given), GRID).net[:6].sum()

    found = slope(production)
    for leaf in jax.tree.leaves(found):
        assert np.isfinite(leaf)
        assert float(leaf) != 0.0
    equal = ProductionPlan(number(14000.0), START_UP.business.release_period, number(0.0))
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(slope(equal)))
