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


def slipped(timeline, gate, years):
    late = dataclasses.replace(timeline.gates[gate], slip=jnp.asarray(float(years)))
    return dataclasses.replace(timeline, gates={**timeline.gates, gate: late})


def test_a_slip_pushes_what_follows_and_leaves_what_came_before(timeline, grid):
    """Validation (0.85) half a year late: tooling from 0.45 on stretches, earlier cash stays."""
    plan, late = (schedule(t, grid) for t in (timeline, slipped(timeline, "validation", 0.5)))
    np.testing.assert_allclose(late.start_of_production - plan.start_of_production, 0.5)
    np.testing.assert_allclose(late.end_of_production - plan.end_of_production, 0.25)
    np.testing.assert_allclose(late.gates["design_freeze"], plan.gates["design_freeze"])
    np.testing.assert_allclose(late.gates["validation"] - plan.gates["validation"], 0.5)
    before = grid.end < 2024.25 + 0.35 * 2.85  # the phase that slips opens at the design freeze
    for name in ("hat", "tools", "prototypes"):
        early, now = (float(jnp.sum(p.packages[name][before])) for p in (plan, late))
        assert now <= early + 1e-6
    built = [p.packages["prototypes"][before] for p in (plan, late)]
    np.testing.assert_allclose(*built)
    tools = [float(jnp.sum(p.packages["tools"] * grid.middle)) for p in (plan, late)]
    assert tools[1] > tools[0] + 0.2 * 200e6
    np.testing.assert_allclose(jnp.sum(late.packages["slips"]), 0.5 * 60e6)
    np.testing.assert_allclose(jnp.sum(late.packages["tools"]), 200e6)
    assert float(late.residual) < 1e-3


def test_an_earlier_gates_slip_moves_more_cash(timeline, grid):
    """The same half year at the design freeze postpones the tooling, at validation only part."""

    def value_of_tooling(gate):
        plan = schedule(slipped(timeline, gate, 0.5), grid)
        return float(jnp.sum(1.1 ** (2024.0 - grid.middle) * plan.packages["tools"]))

    assert value_of_tooling("design_freeze") < value_of_tooling("validation") - 1e6


def test_slips_have_the_right_derivative(timeline, grid, finite_difference):
    def worth(years):
        gates = {n: dataclasses.replace(g, slip=years) for n, g in timeline.gates.items()}
        plan = schedule(dataclasses.replace(timeline, gates=gates), grid)
        spent = sum(plan.packages.values())
        return jnp.sum(1.1 ** (2024.0 - grid.middle) * spent) / 1e6 + plan.end_of_production

    at = 0.213
    reference = finite_difference(lambda x: worth(jnp.asarray(x)), at, 1e-5)
    np.testing.assert_allclose(jax.grad(worth)(jnp.asarray(at)), reference, rtol=1e-5)


def test_a_gate_outside_the_way_is_named(timeline):
    gate = dataclasses.replace(timeline.gates["validation"], place=jnp.asarray(1.5))
    assert "above 0 and at most 1" in gate.faults()[0]
    assert timeline.gates["validation"].faults() == ()


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
