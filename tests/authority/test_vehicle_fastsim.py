"""FASTSim 3 on matched simple vehicles: energy at the wheels (where it is installed).

The same masses, drag, tires, wheel inertia, air and trace; machines strong enough that both follow
the trace. Gravity is each program's own (9.80 there, 9.80665 here). Air density is what their drag
power says at one step, since their recorded one is not the one used; the others are then tested.
"""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle import RoadLoad, simulate_energy
from framerail.vehicle.road_load import GAS_CONSTANT_AIR

fastsim = pytest.importorskip("fastsim", reason="FASTSim is not installed (extra `peers`)")
if not hasattr(fastsim.Vehicle, "from_resource"):
    pytest.skip("the comparison is written for FASTSim 3", allow_module_level=True)

READING = runpy.run_path(str(Path(__file__).parents[1] / "vehicle" / "reading.py"))
DESIGN = READING["reference"]().designs["nissan-awd"]
SIMULATE = jax.jit(simulate_energy)
WITHIN = 1e-3

# mass kg, drag coefficient, frontal area m2, rolling resistance, inertia of a wheel kg m2
VEHICLES = {
    "small car": (1_600.0, 0.33, 2.51, 0.009, 0.8),
    "pickup": (3_000.0, 0.36, 3.4, 0.0085, 2.0),
    "loaded pickup": (4_500.0, 0.45, 4.0, 0.007, 2.5),
}
RADIUS, WHEELS = 0.38, 4


def theirs(mass, drag, area, rolling, inertia, cycle):
    """Their history of the vehicle state."""
    truck = fastsim.Vehicle.from_resource("2022_Renault_Zoe_ZE50_R135.yaml").to_dict()
    truck["mass_kilograms"] = mass
    truck["chassis"] |= {
        "drag_coef": drag,
        "frontal_area_square_meters": area,
        "wheel_rr_coef": rolling,
        "wheel_inertia_kilogram_square_meters": inertia,
        "num_wheels": WHEELS,
        "wheel_radius_meters": RADIUS,
        "drive_type": "AWD",
        "drive_axle_weight_frac": 1.0,
        "wheel_fric_coef": 1.0,
    }
    truck["pt_type"]["BEV"]["em"]["pwr_out_max_watts"] = 5e5
    given = fastsim.Cycle.from_resource("udds.csv").to_dict()
    count = len(cycle.speed)
    level = {key: [0.0] * count for key in ("grade", "pwr_max_chrg_watts", "pwr_solar_load_watts")}
    given |= level | {
        "time_seconds": [float(k) for k in range(count)],
        "speed_meters_per_second": [float(speed) for speed in cycle.speed],
        "dist_meters": np.cumsum(np.asarray(cycle.speed)).tolist(),
        "elev_meters": [given["init_elev_meters"]] * count,
        "temp_amb_air_kelvin": [295.15] * count,
        "grade_interp": None,
        "elev_interp": None,
    }
    drive = fastsim.SimDrive(fastsim.Vehicle.from_dict(truck), fastsim.Cycle.from_dict(given))
    drive.run()
    history = drive.to_dict()["veh"]["history"]
    return {key: np.asarray(values, dtype=float) for key, values in history.items()}


def ours(mass, drag, area, rolling, inertia, density, cycle):
    """The same vehicle here: physical road load, strong machines."""

    def number(x):
        return jnp.asarray(x, jnp.float64)

    zero = number(0.0)
    design = eqx.tree_at(
        lambda d: (
            d.mass,
            d.payload,
            d.rotating_mass_fraction,
            d.road_load,
            d.front.spin_drag,
            d.rear.spin_drag,
            d.top_speed,
        ),
        DESIGN,
        (
            number(mass),
            zero,
            number(WHEELS * inertia / RADIUS**2 / mass),
            RoadLoad(zero, zero, zero, zero, number(rolling), number(drag * area)),
            zero,
            zero,
            number(60.0),
        ),
    )
    air = READING["conditions"]()
    pressure = number(density) * GAS_CONSTANT_AIR * air.air_temperature
    return SIMULATE(design, cycle, eqx.tree_at(lambda c: c.air_pressure, air, pressure))


def air_density(history, drag, area):
    """Density that their largest drag power was worked out with, kg/m3."""
    speed = history["speed_ach_meters_per_second"]
    fastest = int(np.argmax(history["pwr_drag_watts"]))
    mean = 0.5 * (speed[fastest] + speed[fastest - 1])
    return history["pwr_drag_watts"][fastest] / (0.5 * drag * area * mean**3)


@pytest.mark.parametrize("cycle", ["udds", "hwfet", "us06"])
@pytest.mark.parametrize("name", VEHICLES)
def test_energy_at_the_wheels(name, cycle):
    trace = READING["cycle"](cycle)
    mass, drag, area, rolling, inertia = VEHICLES[name]
    history = theirs(mass, drag, area, rolling, inertia, trace)
    density = air_density(history, drag, area)
    assert 1.1 < density < 1.25
    use = ours(mass, drag, area, rolling, inertia, density, trace)
    asked = history["speed_ach_meters_per_second"] - np.asarray(trace.speed)
    assert np.abs(asked).max() < 1e-6
    assert float(use.trace_miss_max) == 0.0
    forward = np.maximum(history["pwr_tractive_watts"], 0.0).sum()
    assert float(use.traction) == pytest.approx(forward, rel=WITHIN)
    braked = np.maximum(-history["pwr_tractive_watts"], 0.0).sum()
    assert float(use.friction_brakes + use.regenerated) == pytest.approx(braked, rel=WITHIN)
    air, tires = history["energy_drag_joules"][-1], history["energy_rr_joules"][-1]
    assert float(use.quadratic_resistance) == pytest.approx(air, rel=WITHIN)
    assert float(use.constant_resistance) == pytest.approx(tires, rel=WITHIN)
