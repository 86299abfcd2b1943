"""Capacity, investment and the order book on small worked cases."""

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.outcome import describe
from framerail.plant import (
    OUTCOMES,
    PlantInputs,
    conversion_total,
    invest,
    launch_fraction,
    line_capacity,
    order_book,
    plant_utilization,
    produce,
    program_capacity,
    volume_to_break_even,
)

START, END = jnp.asarray(2027.1), jnp.asarray(2034.3)


def test_capacity_is_rate_times_hours(site, change):
    np.testing.assert_allclose(line_capacity(site), 60 * 7.5 * 2 * 240 * 0.95)
    np.testing.assert_allclose(program_capacity(site), 60_000)
    np.testing.assert_allclose(program_capacity(change(site, share_available=0.1)), 20_520)


def test_utilization_and_volume_to_break_even(site, change):
    np.testing.assert_allclose(plant_utilization(site, jnp.asarray(0.0)), 210 / 410)
    np.testing.assert_allclose(volume_to_break_even(site), 0.8 * 410_000 - 210_000)
    assert float(volume_to_break_even(change(site, other_output=400_000))) == 0


def test_conversion_is_spent_before_the_start_and_kept_whole(site, launch, grid):
    outlay = invest(site, launch, START, grid)
    np.testing.assert_allclose(conversion_total(site), 80e6 + 6_000 * 60_000)
    np.testing.assert_allclose(jnp.sum(outlay.conversion), 440e6)
    np.testing.assert_allclose(jnp.sum(outlay.incentive), 44e6)
    np.testing.assert_allclose(jnp.sum(outlay.launch), 60e6)
    np.testing.assert_allclose(jnp.sum(outlay.lost_contribution), 20e6)
    assert float(jnp.sum(outlay.conversion[grid.start_of_quarter >= START])) == 0
    assert float(jnp.sum(outlay.launch[grid.end <= START])) == 0


def test_launch_climbs_to_one_and_stops_at_the_end(launch, grid):
    climb = launch_fraction(launch, START, END, grid)
    assert float(jnp.max(climb[grid.end <= START])) == 0
    assert float(jnp.max(climb[grid.start_of_quarter >= END])) == 0
    whole = (grid.start_of_quarter > START) & (grid.end < END)
    assert bool(jnp.all(jnp.diff(climb[whole]) > 0))
    assert 0.999 < float(jnp.max(climb)) < 1.0


def test_an_end_before_the_start_builds_nothing(site, launch, rules, orders, grid):
    made = produce(site, launch, rules, orders, START, jnp.asarray(2026.0), grid)
    assert float(jnp.sum(made.trucks.output)) == 0
    named = [entry.name for entry in describe(int(made.outcome), OUTCOMES)]
    assert named == ["no_capacity", "end_before_start"]
    assert all(np.isfinite(leaf).all() for leaf in [made.labor_hours, made.line_utilization])


def test_order_book_by_hand(rules, change):
    # Capacity 10 a quarter, orders 6 and 9 at once, then none; no stock aimed at.
    orders = jnp.array([[6.0, 9.0], [0.0, 0.0], [0.0, 0.0]])
    flow = order_book(
        orders, jnp.full(3, 10.0), jnp.ones(3), change(rules, cancellation=0.2, stock_time=0)
    )
    # Shared 4 : 6, waiting 2 and 3, a fifth of them leaves, the rest is built in the next quarter.
    np.testing.assert_allclose(flow.output, [[4, 6], [1.6, 2.4], [0, 0]], atol=1e-9)
    np.testing.assert_allclose(flow.cancelled, [[0.4, 0.6], [0, 0], [0, 0]], atol=1e-9)
    np.testing.assert_allclose(flow.backlog[0], [1.6, 2.4], atol=1e-9)
    np.testing.assert_allclose(flow.backlog[-1], 0, atol=1e-9)


def test_stock_is_built_while_orders_run_and_sold_when_they_fall(rules, change):
    orders = jnp.array([[10.0], [10.0], [10.0], [2.0], [1.0], [0.5]])
    running = jnp.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    capacity = 100.0 * running
    flow = order_book(orders, capacity, running, change(rules, stock_time=0.125))
    np.testing.assert_allclose(flow.stock[:, 0], [5, 5, 5, 3, 2, 1.5], atol=1e-9)
    np.testing.assert_allclose(flow.output[:, 0], [15, 10, 10, 0, 0, 0], atol=1e-9)


def test_ample_capacity_delivers_every_order(site, launch, rules, orders, grid, change):
    fast = change(launch, time_to_half=0.05, time_constant=0.01, realized_over_announced=1)
    ready = change(rules, crew_adding_time=0, overtime=0.2)
    made = produce(site, fast, ready, orders, jnp.asarray(2026.5), END, grid)
    np.testing.assert_allclose(made.trucks.deliveries, orders, atol=1e-6)
    assert float(jnp.sum(made.trucks.cancelled)) < 1e-6
    assert float(made.residual) < 1e-6


def test_scarce_capacity_loses_orders_and_says_so(site, launch, rules, orders, grid, change):
    made = produce(change(site, installed_capacity=8_000), launch, rules, orders, START, END, grid)
    names = [entry.name for entry in describe(int(made.outcome), OUTCOMES)]
    assert names == ["backlog_never_clears"]
    assert float(jnp.max(made.line_utilization)) <= 1 + 1e-12
    assert float(jnp.sum(made.trucks.cancelled)) > 0.2 * float(jnp.sum(orders))


def test_labor_is_dearest_at_launch(site, launch, rules, orders, grid):
    made = produce(site, launch, rules, orders, START, END, grid)
    hours = made.labor_hours[(grid.end > START) & (grid.start_of_quarter < END)]
    assert bool(jnp.all(jnp.diff(hours[:-1]) < 0))
    np.testing.assert_allclose(hours[-2], site.labor_hours, rtol=1e-3)
    assert float(hours[0]) > 2.2 * float(site.labor_hours)


def test_fixed_cost_is_absorbed_by_share_of_output(site, launch, rules, orders, grid):
    made = produce(site, launch, rules, orders, START, END, grid)
    built = jnp.sum(made.trucks.output, axis=1)
    expected = 650e6 / 4 * built / (built + 210_000 / 4)
    np.testing.assert_allclose(made.fixed_cost_absorbed, expected, rtol=1e-9)
    assert float(jnp.sum(made.displaced_contribution)) == 0


def test_a_full_plant_displaces_other_vehicles(site, launch, rules, orders, grid, change):
    full = change(site, other_output=409_000)
    made = produce(full, launch, rules, orders, START, END, grid)
    built = jnp.sum(made.trucks.output, axis=1)
    lost = jnp.maximum(built - 250.0, 0.0) * 5_000
    np.testing.assert_allclose(made.displaced_contribution, lost, atol=1e-3)
    assert float(jnp.max(made.plant_utilization)) <= 1 + 1e-12


def test_faults_name_the_cure(site, launch, rules, change):
    inputs = PlantInputs("canto", {"canton": site}, launch, rules)
    assert [fault.split(":")[0] for fault in inputs.faults()] == ["chosen"]
    assert PlantInputs("canton", {"canton": site}, launch, rules).faults() == ()
    assert "lower it" in change(site, other_output=500_000).faults()[0]
    assert [
        fault.split(":")[0] for fault in change(site, uptime=0, installed_capacity=0).faults()
    ] == ["uptime", "installed_capacity"]


@pytest.mark.parametrize(
    ("changes", "start", "expected"),
    [
        ({"available_from": 2028.0}, 2027.1, "launch_before_plant"),
        ({"conversion_time": 4.0}, 2027.1, "conversion_before_calendar"),
    ],
)
def test_a_start_that_cannot_be_is_named(
    site, launch, rules, orders, grid, change, changes, start, expected
):
    made = produce(change(site, **changes), launch, rules, orders, jnp.asarray(start), END, grid)
    assert expected in [entry.name for entry in describe(int(made.outcome), OUTCOMES)]


def test_negative_orders_are_named_and_count_as_none(site, launch, rules, orders, grid):
    spoiled = orders.at[20, 0].set(-500.0)
    made = produce(site, launch, rules, spoiled, START, END, grid)
    none = produce(site, launch, rules, orders.at[20, 0].set(0.0), START, END, grid)
    names = [entry.name for entry in describe(int(made.outcome), OUTCOMES)]
    assert "negative_orders" in names
    np.testing.assert_allclose(made.trucks.deliveries, none.trucks.deliveries)
    assert float(made.residual) < 1e-6


def test_break_even_by_hand(site, launch, rules, orders, grid):
    made = produce(site, launch, rules, orders, START, END, grid)
    np.testing.assert_allclose(made.break_even_volume, 0.8 * 410_000 - 210_000)
    np.testing.assert_allclose(made.contribution_break_even, 680e6 / (5_000 * 410_000))
    np.testing.assert_allclose(made.plant_utilization_without, 210 / 410)
    idle = made.plant_utilization[grid.end <= START]
    np.testing.assert_allclose(idle, made.plant_utilization_without)
