"""The calendar of gates and spending."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.program import schedule


def test_spending_is_kept_whole_and_sorted_by_whom_it_serves(timeline, grid):
    plan = schedule(timeline, grid)
    total = {name: float(jnp.sum(flow)) for name, flow in plan.engineering.items()}
    np.testing.assert_allclose(total["shared"], 300e6 + 40e6 + 20e6 + 0.6 * 60e6)
    np.testing.assert_allclose(total["fisker"], 150e6)
    np.testing.assert_allclose(jnp.sum(plan.tooling["shared"]), 260e6)
    np.testing.assert_allclose(sum(float(jnp.sum(p)) for p in plan.packages.values()), 806e6)
    assert float(plan.residual) < 1e-3


def test_delay_moves_dates_by_its_stated_shares(timeline, grid):
    plan = schedule(timeline, grid)
    np.testing.assert_allclose(plan.start_of_production, 2027.1)
    np.testing.assert_allclose(plan.end_of_production, 2034.3)
    np.testing.assert_allclose(plan.gates["design_freeze"], 2024.25 + 0.35 * 2.85)


def test_delay_moves_cash_and_costs_more(timeline, grid, change):
    prompt, late = schedule(change(timeline, delay=0), grid), schedule(timeline, grid)
    early = grid.end <= 2026.0
    for name in ("platform", "tools"):
        before = float(jnp.sum(prompt.packages[name][early]))
        assert float(jnp.sum(late.packages[name][early])) < before
    extra = sum(
        float(jnp.sum(plan.engineering["shared"])) * sign
        for plan, sign in ((late, 1), (prompt, -1))
    )
    np.testing.assert_allclose(extra, 0.6 * 60e6)


def test_facelift_lies_after_start_of_production(timeline, grid):
    flow = schedule(timeline, grid).packages["mid_cycle"]
    spent = grid.start_of_quarter[flow > 0]
    assert 2029.25 <= float(spent[0]) <= 2029.75
    assert 2030.25 <= float(spent[-1]) <= 2030.75


def test_prototypes_are_built_between_their_gates(timeline, grid):
    plan = schedule(timeline, grid)
    flow = plan.packages["prototypes"]
    np.testing.assert_allclose(jnp.sum(flow), 80 * 500e3)
    start, way = 2024.25, 2.85
    outside = (grid.end < start + 0.35 * way) | (grid.start_of_quarter > start + 0.75 * way)
    np.testing.assert_allclose(jnp.where(outside, flow, 0.0), 0.0)


def test_mid_cycle_action_is_tooling_and_engineering(timeline, grid, change):
    none = change(timeline.mid_cycle, amount=0)
    plans = [
        schedule(one, grid) for one in (timeline, dataclasses.replace(timeline, mid_cycle=none))
    ]
    for table, amount in (("engineering", 20e6), ("tooling", 60e6)):
        shared = [float(jnp.sum(getattr(plan, table)["shared"])) for plan in plans]
        np.testing.assert_allclose(shared[0] - shared[1], amount)


def test_a_distribution_of_delays_moves_and_costs_cash(timeline, grid):
    """Each half-year of delay: later outlays, and the waiting team's pay beside them."""
    delays = jnp.asarray([0.0, 0.5, 1.0, 2.0])

    def outlays(delay):
        plan = schedule(dataclasses.replace(timeline, delay=delay), grid)
        flow = sum(plan.packages.values())
        return jnp.sum(flow), jnp.sum(flow * grid.middle) / jnp.sum(flow)

    total, mean_date = jax.jit(jax.vmap(outlays))(delays)
    np.testing.assert_allclose(jnp.diff(total), 60e6 * jnp.diff(delays))
    assert bool(jnp.all(jnp.diff(mean_date) > 0.3 * jnp.diff(delays)))


def test_faults_name_dates_in_the_wrong_order(timeline, change):
    reversed_spend = {"hat": change(timeline.spend["hat"], opens=0.9, closes=0.5)}
    wrong = dataclasses.replace(
        change(
            timeline, program_start=2027.0, planned_end_of_production=2026.0, plant_available=2028
        ),
        spend=reversed_spend,
        builds={"hat": change(timeline.builds["prototypes"], opens=0.8)},
    )
    assert [fault.split(":")[0] for fault in wrong.faults()] == [
        "planned_start_of_production",
        "planned_end_of_production",
        "planned_start_of_production",
        "spend.hat",
        "builds.hat",
        "builds.hat",
    ]
    assert "before the plant exists" in wrong.faults()[2]
    assert timeline.faults() == ()


@pytest.mark.parametrize(
    "name", ["delay", "program_start", "planned_start_of_production", "delay_carried_to_end"]
)
def test_dates_have_the_right_derivative(name, timeline, grid, change, finite_difference):
    def worth(value):
        plan = schedule(dataclasses.replace(timeline, **{name: value}), grid)
        factor = 1.1 ** -(grid.middle - 2024.0)
        spent = sum(plan.packages.values())
        return jnp.sum(factor * spent) / 1e6 + plan.end_of_production

    at = float(getattr(timeline, name)) + 0.013  # off the quarter's edge
    reference = finite_difference(lambda x: worth(jnp.asarray(x)), at, 1e-5)
    assert abs(reference) > 1e-3
    np.testing.assert_allclose(jax.grad(worth)(jnp.asarray(at)), reference, rtol=1e-5)
