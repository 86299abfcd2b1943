import runpy
from pathlib import Path

import jax
import pytest

from framerail.vehicle import kwh_per_100_miles, mpge, range_label, usable_energy

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
CYCLES = READING["label_cycles"]()
DESIGN = INPUTS.designs["alaska-awd"]
LABEL = jax.jit(range_label)(DESIGN, CYCLES, INPUTS.procedure)


def test_label_follows_from_the_battery_energy():
    factor = float(INPUTS.procedure.adjustment_factor)
    efficiency = float(DESIGN.charger.charge_efficiency)
    city, highway = float(LABEL.city_battery), float(LABEL.highway_battery)
    assert float(LABEL.city_wall) == pytest.approx(city / efficiency)
    combined = (0.55 * city + 0.45 * highway) / efficiency / factor
    assert float(LABEL.combined_consumption) == pytest.approx(combined)
    usable = float(usable_energy(DESIGN.battery))
    reach = factor * usable * (0.55 / city + 0.45 / highway)
    assert float(LABEL.combined_range) == pytest.approx(reach)


def test_units_of_the_sticker():
    combined = float(LABEL.combined_kwh_per_100_miles)
    assert combined == pytest.approx(float(kwh_per_100_miles(LABEL.combined_consumption)))
    assert float(LABEL.combined_mpge) == pytest.approx(3370.5 / combined)
    assert float(mpge(LABEL.city_consumption)) > float(mpge(LABEL.highway_consumption))


def test_reference_trucks_are_pickups_not_cars():
    label = LABEL
    assert 40.0 < float(label.combined_kwh_per_100_miles) < 60.0
    assert 200.0 < float(label.range_miles) < 340.0
    assert int(label.outcome) == 0
    assert float(label.audit_residual) < 1e-12
