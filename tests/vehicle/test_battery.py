import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle.battery import (
    battery_model,
    charge_limit,
    current,
    discharge_limit,
    nearby_voltage,
    open_circuit_voltage,
    voltage_nearby,
)

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
PACKS = [INPUTS.designs[name].battery for name in ("alaska-rwd", "alaska-awd")]


@pytest.mark.parametrize("pack", PACKS, ids=["lfp", "nmc"])
def test_usable_window_holds_the_usable_energy(pack):
    model = battery_model(pack)
    charge = (jnp.arange(200_000) + 0.5) / 200_000
    volts = np.asarray(jax.vmap(lambda s: open_circuit_voltage(model, s))(charge))
    energy = volts.mean() * float(model.capacity)
    assert energy == pytest.approx(float(pack.gross_energy * pack.usable_fraction), rel=1e-7)


@pytest.mark.parametrize("pack", PACKS, ids=["lfp", "nmc"])
def test_voltage_interpolates_the_curve(pack):
    model = battery_model(pack)
    knots = [float(point) for point in pack.open_circuit.points()]
    for charge in (0.0, 0.31, 0.77, 1.0):
        cell = float(pack.lower_buffer + pack.usable_fraction * charge)
        expected = float(pack.nominal_voltage) * np.interp(cell, np.linspace(0, 1, 11), knots)
        got = float(open_circuit_voltage(model, jnp.asarray(charge)))
        assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("pack", PACKS, ids=["lfp", "nmc"])
def test_lines_nearby_are_the_curve(pack):
    model = battery_model(pack)
    middles = jnp.linspace(-0.02, 1.02, 105)
    away = jnp.linspace(-0.02, 0.02, 9)

    def both(middle):
        near = voltage_nearby(model, middle - 0.02, middle + 0.02)
        lines = jax.vmap(lambda charge: nearby_voltage(near, charge))
        curve = jax.vmap(lambda charge: open_circuit_voltage(model, charge))
        return lines(middle + away), curve(middle + away)

    lines, curve = jax.vmap(both)(middles)
    np.testing.assert_allclose(lines, curve, rtol=1e-12)


@pytest.mark.parametrize("power", [-120e3, -1e3, 0.0, 5e3, 200e3])
def test_current_gives_the_terminal_power(power):
    model = battery_model(PACKS[1])
    volts = open_circuit_voltage(model, jnp.asarray(0.5))
    amperes = float(current(model, volts, jnp.asarray(power)))
    terminal = float(volts) * amperes - float(model.resistance) * amperes**2
    assert terminal == pytest.approx(power, abs=1e-6)
    assert np.sign(amperes) == np.sign(power)


def test_current_needs_no_resistance():
    ideal = PACKS[0].__class__(**{**PACKS[0].__dict__, "internal_resistance": jnp.asarray(0.0)})
    model = battery_model(ideal)
    assert float(current(model, jnp.asarray(350.0), jnp.asarray(35e3))) == pytest.approx(100.0)
    slope = jax.grad(lambda power: current(model, jnp.asarray(350.0), power))(jnp.asarray(0.0))
    assert float(slope) == pytest.approx(1 / 350.0)


def test_limits():
    model = battery_model(PACKS[1])
    volts = open_circuit_voltage(model, jnp.asarray(0.5))
    stiff = float(discharge_limit(model, volts))
    assert stiff == float(PACKS[1].discharge_power)
    weak = battery_model(
        PACKS[1].__class__(**{**PACKS[1].__dict__, "internal_resistance": jnp.asarray(0.5)})
    )
    assert float(discharge_limit(weak, volts)) < float(volts) ** 2 / 2.0
    assert float(charge_limit(model, jnp.asarray(1.0))) == 0.0
    assert float(charge_limit(model, jnp.asarray(0.5))) == float(PACKS[1].charge_power)
