"""Properties that hold for every truck, year and volume."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.cost import unit_cost

READING = runpy.run_path(str(Path(__file__).parents[1] / "cost" / "reading.py"))
INPUTS = READING["reference_inputs"]()
circumstances = READING["circumstances"]
evaluate = eqx.filter_jit(unit_cost)


@jax.jit
def net_cost(contents, at):
    return unit_cost(INPUTS.deck, contents, at).net_variable


slopes_of_net_cost = jax.jit(jax.grad(net_cost, argnums=(0, 1)))
few = settings(derandomize=True, max_examples=25, deadline=None)

trucks = st.fixed_dictionaries(
    {
        "pack_energy": st.floats(30.0, 220.0),
        "lfp_share": st.floats(0.0, 1.0),
        "rear_power": st.floats(30.0, 500.0),
        "front_power": st.floats(0.0, 400.0),
        "charger_power": st.floats(3.0, 22.0),
        "footprint": st.floats(48.0, 80.0),
        "gross_weight": st.floats(2_000.0, 4_600.0),
        "aluminum_share": st.floats(0.0, 1.0),
        "ladder_share": st.floats(0.0, 1.0),
        "trim_level": st.floats(0.0, 3.0),
    }
)
years = st.floats(2024.0, 2045.0)
volumes = st.floats(0.0, 2e6)


def contents_of(truck):
    return type(INPUTS.contents["alaska-rwd"])(
        **{name: jnp.asarray(value) for name, value in truck.items()}
    )


def total(truck, year=2027.0, **changes):
    cost = evaluate(INPUTS.deck, contents_of(truck), circumstances(INPUTS, year=year, **changes))
    return cost


@few
@given(trucks, years, volumes)
def test_every_element_is_positive_and_the_books_balance(truck, year, cumulative):
    cost = total(truck, year, platform=cumulative)
    assert all(float(value) > 0.0 for _, value in cost.elements())
    assert abs(float(cost.residual)) < 1e-7
    assert float(cost.production_credit) <= 0.0
    assert float(cost.material) < float(cost.manufacturing) < float(cost.variable)


@few
@given(
    trucks,
    st.sampled_from(
        [
            ("pack_energy", 5.0),
            ("rear_power", 20.0),
            ("front_power", 20.0),
            ("charger_power", 2.0),
            ("footprint", 2.0),
            ("gross_weight", 100.0),
            ("trim_level", 0.3),
        ]
    ),
)
def test_more_of_anything_costs_more(truck, step):
    name, amount = step
    more = {**truck, name: truck[name] + amount}
    assert float(total(more).variable) > float(total(truck).variable)


@few
@given(trucks, years, volumes, st.floats(1_000.0, 500_000.0))
def test_cost_falls_with_cumulative_and_with_annual_volume(truck, year, cumulative, extra):
    base = float(total(truck, year, platform=cumulative).variable)
    assert float(total(truck, year, platform=cumulative + extra).variable) < base
    assert float(total(truck, year, platform=cumulative, annual=40_000.0 + extra).variable) < base


@few
@given(trucks, volumes)
def test_real_cost_falls_with_the_model_year(truck, cumulative):
    def real(year):
        at = circumstances(INPUTS, year=year, platform=cumulative)
        steady = eqx.tree_at(lambda c: c.price_level, at, jnp.asarray(1.0))
        return float(evaluate(INPUTS.deck, contents_of(truck), steady).variable)

    assert real(2026.0) > real(2030.0) > real(2034.0) > real(2040.0)


@few
@given(trucks, years)
def test_two_brands_share_a_platform_more_cheaply_than_each_alone(truck, year):
    """Own trucks alone against own plus as many of the partner's on the shared parts."""
    alone = total(truck, year, platform=50_000.0, top_hat=50_000.0, annual=40_000.0)
    shared = total(truck, year, platform=100_000.0, top_hat=50_000.0, annual=40_000.0)
    assert float(shared.variable) < float(alone.variable)


@few
@given(trucks, years, volumes)
def test_gradient_agrees_with_finite_differences_in_every_input(truck, year, cumulative):
    contents = contents_of(truck)
    at = circumstances(INPUTS, year=year, platform=cumulative)
    slopes = slopes_of_net_cost(contents, at)
    for tree, slope, which in ((contents, slopes[0], 0), (at, slopes[1], 1)):
        leaves, shape = jax.tree.flatten(tree)
        for i, (leaf, expected) in enumerate(zip(leaves, jax.tree.leaves(slope), strict=True)):
            step = 1e-5 * max(1.0, abs(float(leaf)))
            ends = []
            for sign in (1.0, -1.0):
                moved = jax.tree.unflatten(
                    shape, [*leaves[:i], leaf + sign * step, *leaves[i + 1 :]]
                )
                ends.append(float(net_cost(moved, at) if which == 0 else net_cost(contents, moved)))
            assert float(expected) == pytest.approx(
                (ends[0] - ends[1]) / (2 * step), rel=2e-4, abs=1e-3
            )


def test_gradient_with_respect_to_every_coefficient_of_the_deck_is_finite_and_right():
    contents = INPUTS.contents["alaska-awd"]
    at = circumstances(INPUTS, year=2029.0, platform=60_000.0)

    @eqx.filter_jit
    def cost(deck):
        return unit_cost(deck, contents, at).net_variable

    leaves, shape = jax.tree.flatten(INPUTS.deck)
    slopes = jax.tree.leaves(jax.grad(cost)(INPUTS.deck))
    assert len(leaves) > 100
    for i, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        step = 1e-5 * max(1.0, abs(float(leaf)))
        ends = [
            float(cost(jax.tree.unflatten(shape, [*leaves[:i], leaf + s * step, *leaves[i + 1 :]])))
            for s in (1.0, -1.0)
        ]
        # a clip or maximum at exactly its corner has two one-sided slopes
        difference = (ends[0] - ends[1]) / (2 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-3, abs=1e-2), i
