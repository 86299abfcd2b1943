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
    np.testing.assert_allclose(total["shared"], 300e6 + 0.6 * 60e6)
    np.testing.assert_allclose(total["fisker"], 150e6)
    np.testing.assert_allclose(jnp.sum(plan.tooling["shared"]), 280e6)
    np.testing.assert_allclose(sum(float(jnp.sum(p)) for p in plan.packages.values()), 766e6)
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


def test_faults_name_dates_in_the_wrong_order(timeline, change):
    reversed_spend = {"hat": change(timeline.spend["hat"], opens=0.9, closes=0.5)}
    wrong = dataclasses.replace(
        change(timeline, program_start=2027.0, planned_end_of_production=2026.0),
        spend=reversed_spend,
    )
    assert [fault.split(":")[0] for fault in wrong.faults()] == [
        "planned_start_of_production",
        "planned_end_of_production",
        "spend.hat",
    ]
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
