"""Against closed forms and an independent integrator."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from framerail.vehicle import performance, simulate_energy, steady_cycle

READING = runpy.run_path(str(Path(__file__).parents[1] / "vehicle" / "reading.py"))
DESIGNS = READING["reference"]().designs
CONDITIONS = READING["conditions"]()
DENSITY = 98_210 / (287.05 * 293.15)


@pytest.mark.parametrize("speed", [10.0, 29.0576])
def test_steady_speed_energy_is_the_closed_form(speed):
    design = DESIGNS["alaska-rwd"]
    use = jax.jit(simulate_energy)(design, steady_cycle(speed, 60.0), CONDITIONS)
    mass, load, rear = float(design.mass + design.payload), design.road_load, design.rear
    losses, battery = rear.losses, design.battery
    force = float(load.rolling_resistance) * mass * 9.80665
    force += 0.5 * DENSITY * float(load.drag_area) * speed**2
    geared = force * speed / float(rear.gear_efficiency)
    shaft = geared + float(rear.spin_drag) * speed
    turn = speed * float(rear.gear_ratio) / float(design.tire_radius)
    power, torque = float(rear.peak_power), float(rear.peak_torque)
    relative = turn / (power / torque)
    loss = float(losses.standing) * speed**2 / (speed**2 + 0.25) + float(losses.speed) * relative
    loss += float(losses.speed_squared) * relative**2
    loss += float(losses.copper) * (geared / turn / torque) ** 2
    loss += float(losses.power) * (geared / power) ** 2
    terminal = shaft / float(losses.inverter_efficiency) + power * loss
    terminal += float(design.auxiliary_power)
    assert float(use.terminal_energy) == pytest.approx(60.0 * terminal, rel=1e-9)
    volts = float(battery.nominal_voltage) * np.interp(
        float(battery.lower_buffer + 0.5 * battery.usable_fraction),
        np.linspace(0, 1, 11),
        [float(point) for point in battery.open_circuit.points()],
    )
    resistance = float(battery.internal_resistance)
    amperes = (volts - np.sqrt(volts**2 - 4 * resistance * terminal)) / (2 * resistance)
    assert float(use.battery_loss) == pytest.approx(60 * resistance * amperes**2, rel=1e-3)


@pytest.mark.parametrize("name", ["alaska-rwd", "nissan-rwd"])
def test_sprint_agrees_with_scipy(name):
    design = DESIGNS[name]
    mass, load, rear = float(design.mass + design.payload), design.road_load, design.rear
    inertia = mass * (1 + float(design.rotating_mass_fraction))
    reach = float(rear.peak_torque * rear.gear_ratio / design.tire_radius)
    # The battery is no limit here: the closed form has torque, power and tires only.
    strong = jax.tree.map(lambda x: x, design)
    strong = strong.__class__(
        **{
            **strong.__dict__,
            "battery": strong.battery.__class__(
                **{
                    **strong.battery.__dict__,
                    "discharge_power": jnp.asarray(1e7),
                    "internal_resistance": jnp.asarray(1e-4),
                }
            ),
        }
    )

    def slope(_, state):
        speed = state[1]
        drive = min(reach, float(rear.peak_power) / max(speed, 0.1)) * float(rear.gear_efficiency)
        drag = float(load.rolling_resistance) * mass * 9.80665
        drag += 0.5 * DENSITY * float(load.drag_area) * speed**2
        return [speed, (drive - drag) / inertia]

    def sixty(_, state):
        return state[1] - 60 * 0.44704

    def quarter(_, state):
        return state[0] - 402.336

    path = solve_ivp(slope, (0, 40), [0.0, 0.0], events=(sixty, quarter), rtol=1e-9, max_step=0.02)
    result = jax.jit(performance)(strong, CONDITIONS)
    assert float(result.zero_to_sixty) == pytest.approx(path.t_events[0][0], rel=1e-4)
    assert float(result.quarter_mile) == pytest.approx(path.t_events[1][0], rel=1e-3)
    assert float(result.quarter_mile_speed) == pytest.approx(path.y_events[1][0][1], rel=2e-3)
