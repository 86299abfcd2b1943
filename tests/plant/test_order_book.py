"""Crews, overtime and aging stock on small worked cases."""

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.plant import order_book, produce

ONES = jnp.ones(6)


def test_crews_follow_falling_work_and_return_with_a_lag(rules, change):
    orders = jnp.array([[100.0], [40.0], [40.0], [100.0], [100.0], [100.0]])
    calm = change(rules, stock_time=0, cancellation=0)
    flow = order_book(orders, 100.0 * ONES, ONES, calm)
    leaving, joining = 1 - np.exp(-0.25 / 0.25), 1 - np.exp(-0.25 / 0.5)
    crews = [1.0]
    for work in (0.4, 0.4):
        crews.append(crews[-1] + leaving * (work - crews[-1]))
    crews.append(crews[-1] + joining * (1.0 - crews[-1]))
    np.testing.assert_allclose(flow.crews[:4], crews, rtol=1e-12)
    np.testing.assert_allclose(flow.output[3, 0], 100.0 * crews[-1], rtol=1e-12)
    np.testing.assert_allclose(flow.backlog[3, 0], 100.0 * (1 - crews[-1]), rtol=1e-12)


def test_overtime_bridges_a_peak_and_no_more(rules, change):
    orders = jnp.array([[100.0], [110.0], [150.0], [0.0], [0.0], [0.0]])
    flow = order_book(
        orders, 100.0 * ONES, ONES, change(rules, stock_time=0, overtime=0.2, cancellation=0)
    )
    np.testing.assert_allclose(flow.overtime[:3], [0.0, 10.0, 20.0], atol=1e-9)
    np.testing.assert_allclose(flow.backlog[:3, 0], [0.0, 0.0, 30.0], atol=1e-9)


def test_aged_stock_is_sold_first_and_at_a_cut_price(rules, change):
    # Ten in stock each quarter while orders run; then orders dry up and the stock ages.
    orders = jnp.array([[20.0], [20.0], [4.0], [3.0], [2.0], [0.0]])
    slow = change(rules, stock_time=0.125, markdown=0.05, crew_dropping_time=60)
    flow = order_book(orders, 100.0 * ONES, ONES, slow)
    np.testing.assert_allclose(flow.stock[:, 0], [10, 10, 6, 3, 1, 1], atol=1e-9)
    np.testing.assert_allclose(flow.aged[:, 0], [0, 0, 6, 3, 1, 1], atol=1e-9)
    # Six aged trucks owe 5% each; half are sold in the next quarter, the rest owe 5% more.
    np.testing.assert_allclose(flow.markdown[3, 0], 0.05 * 6 / 2, rtol=1e-9)
    np.testing.assert_allclose(flow.markdown[4, 0], (0.15 + 0.05 * 3) * 2 / 3, rtol=1e-9)
    np.testing.assert_allclose(flow.markdown[5, 0], 0.0, atol=1e-12)


def test_price_cuts_granted_and_due_add_up(rules, change):
    orders = jnp.array([[20.0], [5.0], [4.0], [3.0], [8.0], [30.0]])
    flow = order_book(orders, 100.0 * ONES, ONES, change(rules, stock_time=0.25, markdown=0.04))
    # At the end all stock of earlier quarters is sold, so every cut has been granted.
    assert float(flow.aged[-1, 0]) == 0
    np.testing.assert_allclose(jnp.sum(flow.markdown), 0.04 * jnp.sum(flow.aged), rtol=1e-9)
    assert float(jnp.sum(flow.markdown)) > 0


def test_without_a_cut_and_with_steady_orders_nothing_is_marked_down(rules, change):
    steady = jnp.full((6, 1), 20.0)
    flow = order_book(steady, 100.0 * ONES, ONES, rules)
    assert float(jnp.sum(flow.markdown)) == 0
    falling = jnp.array([[20.0], [20.0], [4.0], [3.0], [2.0], [0.0]])
    free = order_book(falling, 100.0 * ONES, ONES, change(rules, markdown=0))
    assert float(jnp.sum(free.aged)) > 0
    assert float(jnp.sum(free.markdown)) == 0


def test_staffing_costs_by_hand(site, launch, rules, grid, change):
    orders = jnp.where((grid.middle > 2027.0) & (grid.middle < 2034.0), 6_000.0, 0.0)[:, None]
    fast = change(launch, time_to_half=0.05, time_constant=0.01, realized_over_announced=1)
    start, end = jnp.asarray(2027.0), jnp.asarray(2034.0)
    made = produce(site, fast, change(rules, stock_time=0), orders, start, end, grid)
    crews, late = made.trucks.crews, 40
    # 6,000 a quarter of 15,000: the crews settle at 40%, 0.8 of two shifts.
    assert float(crews[late]) == pytest.approx(0.4, abs=1e-4)
    np.testing.assert_allclose(made.staffing.shifts[late], 0.8, atol=2e-4)
    pay_of_a_year = 60_000 * 23 * 55
    dismissed = float(jnp.sum(made.staffing.crew_change))
    assert dismissed == pytest.approx(0.08 * pay_of_a_year * 0.6, rel=1e-3)
    first = 12
    paid = 15_000 * float(made.launch_fraction[first]) * float(crews[first]) - 6_000
    assert float(made.staffing.idle_labor[first]) == pytest.approx(55 * 23 * paid, rel=1e-9)
    assert float(jnp.sum(made.staffing.overtime_premium)) == 0
    parts = made.staffing.overtime_premium + made.staffing.idle_labor + made.staffing.crew_change
    np.testing.assert_allclose(made.staffing.total, parts)


def test_overtime_is_paid_at_the_premium(site, launch, rules, orders, grid, change):
    scarce = change(site, installed_capacity=14_000)
    busy = change(rules, overtime=0.1)
    made = produce(scarce, launch, busy, orders, jnp.asarray(2027.1), jnp.asarray(2034.3), grid)
    assert float(jnp.max(made.line_utilization)) == pytest.approx(1.1, rel=1e-6)
    expected = 0.5 * 55 * 23 * made.trucks.overtime
    np.testing.assert_allclose(made.staffing.overtime_premium, expected)
