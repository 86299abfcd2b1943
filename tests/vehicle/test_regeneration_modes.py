"""Modes of regeneration: who gives the braking of one and the same trace."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle import (
    REGENERATION_MODES,
    Regeneration,
    drive_cycle,
    simulate_energy,
    simulate_trace,
    specification_faults,
    with_regeneration_mode,
)

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
AWD = READING["reference"]().designs["alaska-awd"]
MODES = READING["defaults"]().regeneration_modes
CONDITIONS, UDDS = READING["conditions"](), READING["cycle"]("udds")
BATCH = READING["stack"]([with_regeneration_mode(AWD, MODES[m]) for m in REGENERATION_MODES])
SIMULATE = jax.jit(jax.vmap(simulate_energy, in_axes=(0, None, None)))


def braking(rate, seconds=10):
    """From 25 m/s at `rate` m/s^2 to a stop or for `seconds`."""
    return drive_cycle(np.maximum(25.0 - rate * np.arange(seconds + 1), 0.0))


def test_a_mode_moves_energy_between_brakes_and_battery_on_the_same_trace():
    use = SIMULATE(BATCH, UDDS, CONDITIONS)
    friction = dict(zip(REGENERATION_MODES, np.asarray(use.friction_brakes), strict=True))
    energy = dict(zip(REGENERATION_MODES, np.asarray(use.terminal_energy), strict=True))
    order = ("one-pedal", "blended", "coast")
    assert sorted(order, key=friction.__getitem__) == list(order)
    assert sorted(order, key=energy.__getitem__) == list(order)
    # With every pedal blended and no limit by a wire, lift-off changes nothing.
    assert energy["lift-off"] == pytest.approx(energy["blended"], rel=1e-9)
    assert 1.02 < energy["coast"] / energy["one-pedal"] < 1.25
    assert float(jnp.max(jnp.abs(use.audit_residual))) < 1e-12
    wheels = np.asarray(use.regenerated + use.friction_brakes)
    assert wheels == pytest.approx(wheels[0], rel=1e-9)


def test_blended_is_the_reference_to_the_last_bit():
    single = jax.jit(simulate_energy)
    ours = single(with_regeneration_mode(AWD, MODES["blended"]), UDDS, CONDITIONS)
    assert float(ours.terminal_energy) == float(single(AWD, UDDS, CONDITIONS).terminal_energy)


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0, 2.4])
def test_machines_take_what_the_mode_asks_of_them(rate):
    # Far from every limit: strong machines, half a charge, 25 m/s at the start.
    _, flows = jax.jit(jax.vmap(simulate_trace, in_axes=(0, None, None)))(
        BATCH, braking(rate, 4), CONDITIONS
    )
    force = np.asarray((flows.regenerated + flows.friction_brakes) / flows.speed)
    taken = np.asarray(flows.regenerated / flows.speed)
    mass, capture = float(AWD.mass + AWD.payload), float(AWD.regeneration.capture)
    for row, name in enumerate(REGENERATION_MODES):
        mode = MODES[name]
        lift, first = (float(x) * mass for x in (mode.lift_off, mode.friction_first))
        alone = np.minimum(force[row], lift)
        pedal = np.maximum(force[row] - alone - first, 0.0)
        asked = capture * (alone + float(mode.pedal_share) * pedal)
        most = float(jnp.maximum(AWD.regeneration.max_deceleration, MODES[name].lift_off)) * mass
        power = float(AWD.regeneration.max_power) / np.asarray(flows.speed[row])
        expected = np.minimum(np.minimum(asked, most), power)
        assert taken[row] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_only_one_pedal_stops_without_friction_and_only_gently():
    every = eqx.tree_at(lambda d: d.regeneration.capture, BATCH, jnp.ones(len(REGENERATION_MODES)))

    def share(rate):
        use = SIMULATE(every, braking(rate, 60), CONDITIONS)
        found = np.asarray(use.friction_brakes / (use.friction_brakes + use.regenerated))
        return dict(zip(REGENERATION_MODES, found, strict=True))

    gentle, hard = share(1.0), share(3.0)
    assert gentle["one-pedal"] < 1e-3 < gentle["blended"] < gentle["coast"]
    assert gentle["one-pedal"] < 0.1 * hard["one-pedal"]
    assert hard["one-pedal"] > hard["blended"]


def test_chunks_and_single_steps_agree_in_every_mode():
    stepwise = jax.jit(jax.vmap(lambda d: simulate_energy(d, UDDS, CONDITIONS, stepwise=True)))(
        BATCH
    )
    chunks = SIMULATE(BATCH, UDDS, CONDITIONS)
    for name in ("terminal_energy", "friction_brakes", "regenerated", "machine_loss"):
        ours, theirs = (np.asarray(getattr(use, name)) for use in (chunks, stepwise))
        assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("name", "leaf"), [("one-pedal", "lift_off"), ("coast", "friction_first")])
def test_slope_of_a_level_agrees_with_differences(name, leaf):
    design, step = with_regeneration_mode(AWD, MODES[name]), 1e-4

    def energy(level):
        moved = eqx.tree_at(lambda d: getattr(d.regeneration, leaf), design, level)
        return simulate_energy(moved, braking(2.3, 10), CONDITIONS).terminal_energy

    level = getattr(design.regeneration, leaf)
    slope = float(jax.jit(jax.grad(energy))(level))
    run = jax.jit(energy)
    difference = float(run(level + step) - run(level - step)) / (2.0 * step)
    assert slope == pytest.approx(difference, rel=1e-4)
    assert (slope < 0.0) == (leaf == "lift_off")


def test_a_pedal_of_two_kinds_is_a_fault():
    rule = eqx.tree_at(
        lambda r: (r.lift_off, r.friction_first), AWD.regeneration, (jnp.ones(()), jnp.ones(()))
    )
    assert isinstance(rule, Regeneration)
    assert "exclude" in rule.faults()[0]
    mode = eqx.tree_at(lambda m: m.friction_first, MODES["one-pedal"], jnp.ones(()))
    assert "exclude" in mode.faults()[0]


def test_columns_choose_mode_and_level():
    row = {"name": "a", "curb_lb": "6000"}
    rows = [
        row,
        {**row, "regen_mode": "One-Pedal"},
        {**row, "regen_mode": "coast", "lift_off_mps2": "1"},
    ]
    assert specification_faults(rows) == ()
    rule = READING["designs"](rows).regeneration
    told = [0.0, float(MODES["one-pedal"].lift_off), 1.0]
    assert np.asarray(rule.lift_off).tolist() == pytest.approx(told)
    assert np.asarray(rule.friction_first).tolist() == [0.0, 0.0, 0.0]
    assert np.asarray(rule.fade_out_speed)[1] < np.asarray(rule.fade_out_speed)[0]
    bad = [{**row, "regen_mode": "sport"}, {**row, "lift_off_mps2": "9"}]
    faults = specification_faults(bad)
    assert faults[0].startswith("row 1, column regen_mode: 'sport' is not one of blended, coast")
    assert faults[1].startswith("row 2, column lift_off_mps2: 9 is out of range")
