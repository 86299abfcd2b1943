"""What must hold for any sensible vehicle, and gradients against finite differences."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.vehicle import drive_cycle, performance, range_label, simulate_energy

READING = runpy.run_path(str(Path(__file__).parents[1] / "vehicle" / "reading.py"))
INPUTS = READING["reference"]()
RWD, AWD = INPUTS.designs["alaska-rwd"], INPUTS.designs["alaska-awd"]
CONDITIONS = READING["conditions"]()
UDDS, US06 = READING["cycle"]("udds"), READING["cycle"]("us06")
CYCLES = READING["label_cycles"]()
SIMULATE = jax.jit(simulate_energy)
FEW = settings(derandomize=True, max_examples=25, deadline=None)

SCALES = st.fixed_dictionaries(
    {
        "mass": st.floats(0.6, 2.0),
        "power": st.floats(0.15, 3.0),
        "drag": st.floats(0.5, 3.0),
        "battery": st.floats(0.2, 2.0),
        "charge": st.floats(0.3, 1.0),
        "capture": st.floats(0.0, 1.0),
    }
)


def put(tree, where, value):
    return eqx.tree_at(where, tree, jnp.asarray(value, jnp.float64))


def varied(design, scale):
    design = put(design, lambda d: d.mass, design.mass * scale["mass"])
    design = put(design, lambda d: d.rear.peak_power, design.rear.peak_power * scale["power"])
    area = design.road_load.drag_area * scale["drag"]
    design = put(design, lambda d: d.road_load.drag_area, area)
    energy = design.battery.gross_energy * scale["battery"]
    design = put(design, lambda d: d.battery.gross_energy, energy)
    return put(design, lambda d: d.regeneration.capture, scale["capture"])


@FEW
@given(scale=SCALES, four=st.booleans())
def test_energy_balances_and_nothing_is_negative(scale, four):
    design = varied(AWD if four else RWD, scale)
    start = put(CONDITIONS, lambda c: c.state_of_charge, scale["charge"])
    use = SIMULATE(design, US06, start)
    assert abs(float(use.audit_residual)) < 1e-6
    for name in ("gear_loss", "machine_loss", "battery_loss", "friction_brakes", "spin_loss"):
        assert float(getattr(use, name)) >= -1e-6
    assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(use))
    assert float(use.final_state_of_charge) <= scale["charge"] + 1e-9


@FEW
@given(scale=SCALES, speed=st.floats(5.0, 30.0), seconds=st.integers(3, 12))
def test_regeneration_never_creates_energy(scale, speed, seconds):
    design = varied(AWD, scale)
    trace = np.r_[np.full(3, speed), np.linspace(speed, 0.0, 24)[:: 24 // seconds], 0.0]
    use = SIMULATE(design, drive_cycle(np.pad(trace, (0, 30 - trace.size))), CONDITIONS)
    inertia = (design.mass + design.payload) * (1 + design.rotating_mass_fraction)
    returned = -float(use.chemical_energy)
    assert returned < 0.5 * float(inertia) * speed**2
    assert float(use.regenerated) <= 0.5 * float(inertia) * speed**2 + 1e-6


@FEW
@given(part=st.sampled_from(["mass", "drag"]), low=st.floats(0.7, 1.2), more=st.floats(0.05, 0.5))
def test_energy_rises_with_mass_and_drag(part, low, more):
    ones = {"mass": 1.0, "power": 1.0, "drag": 1.0, "battery": 1.0, "charge": 0.5, "capture": 0.85}
    light = SIMULATE(varied(AWD, {**ones, part: low}), UDDS, CONDITIONS)
    heavy = SIMULATE(varied(AWD, {**ones, part: low + more}), UDDS, CONDITIONS)
    assert float(heavy.terminal_energy) > float(light.terminal_energy)


def test_batch_is_the_loop():
    names = sorted(INPUTS.designs)
    singles = [SIMULATE(INPUTS.designs[name], UDDS, CONDITIONS) for name in names]
    batch = jax.jit(jax.vmap(simulate_energy, in_axes=(0, None, None)))(
        READING["stack"]([INPUTS.designs[name] for name in names]), UDDS, CONDITIONS
    )
    for index, single in enumerate(singles):
        for a, b in zip(
            jax.tree.leaves(single),
            jax.tree.leaves(READING["item"](batch, index)),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-6)


LEAVES = {
    "mass": lambda d: d.mass,
    "drag area": lambda d: d.road_load.drag_area,
    "rolling resistance": lambda d: d.road_load.rolling_resistance,
    "gear efficiency": lambda d: d.rear.gear_efficiency,
    "copper loss": lambda d: d.rear.losses.copper,
    "standing loss": lambda d: d.front.losses.standing,
    "peak torque": lambda d: d.rear.peak_torque,
    "usable fraction": lambda d: d.battery.usable_fraction,
    "gross energy": lambda d: d.battery.gross_energy,
    "internal resistance": lambda d: d.battery.internal_resistance,
    "open-circuit voltage": lambda d: d.battery.open_circuit.at_50,
    "auxiliary power": lambda d: d.auxiliary_power,
    "capture": lambda d: d.regeneration.capture,
    "charge efficiency": lambda d: d.charger.charge_efficiency,
}


# The reference truck's axles are equal: which one drives alone is a tie, and a slope there is
# one-sided. A front machine that is a little worse breaks the tie.
UNEQUAL = put(AWD, lambda d: d.front.losses.standing, 1.5 * AWD.front.losses.standing)


@jax.jit
def label_figure(design):
    label = range_label(design, CYCLES, INPUTS.procedure)
    return label.combined_range / 1e3 + label.combined_consumption / 1e2


LABEL_GRADIENT = jax.jit(jax.grad(label_figure))(UNEQUAL)


@pytest.mark.parametrize("name", LEAVES)
def test_label_gradient_is_the_finite_difference(name):
    where = LEAVES[name]
    value = float(where(UNEQUAL))
    step = 1e-6 * value
    up, down = (float(label_figure(put(UNEQUAL, where, value + s))) for s in (step, -step))
    slope = (up - down) / (2 * step)
    assert float(where(LABEL_GRADIENT)) == pytest.approx(slope, rel=5e-4, abs=1e-9)


def test_every_gradient_is_finite():
    assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(LABEL_GRADIENT))
    assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(SPRINT_GRADIENT))


@jax.jit
def sprint_figure(design):
    result = performance(design, CONDITIONS)
    return result.zero_to_sixty + result.quarter_mile


SPRINT_GRADIENT = jax.jit(jax.grad(sprint_figure))(RWD)


@pytest.mark.parametrize(
    "where",
    [lambda d: d.mass, lambda d: d.rear.peak_power, lambda d: d.rear.peak_torque],
    ids=["mass", "power", "torque"],
)
def test_sprint_gradient_is_the_finite_difference(where):
    value = float(where(RWD))
    step = 2e-2 * value
    up, down = (float(sprint_figure(put(RWD, where, value + s))) for s in (step, -step))
    assert float(where(SPRINT_GRADIENT)) == pytest.approx((up - down) / (2 * step), rel=2e-2)
