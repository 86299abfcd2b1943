"""The cost stage's public equations against their published values, to the cent.

The values in `data/cost/published_values.csv` are the published equations' own text, evaluated
(`benchmarks/build_published_costs.py`); here they meet the deck's coefficients and code.
"""

import dataclasses

import jax.numpy as jnp

from framerail.cost import CostDeck
from framerail.cost.battery_pack import published_cost
from framerail.cost.electric_drive import electric_costs
from framerail.cost.glider import structure_cost_of_type
from framerail.scenario_file import read_rows, read_scenario

ELECTRIC = {
    "E_Motor": "machines",
    "Inverter": "inverters",
    "Gearbox": "gearboxes",
    "Harness_High_Voltage_HV": "high_voltage_harness",
    "Harness_Low_Voltage_LV": "low_voltage_harness",
    "DC_DC_Converter + OBC": "charger",
    "External_Battery_Charge_Device": "charge_cord",
    "LV_Battery_Less_Than_Equalto_48V": "low_voltage_battery",
    "Coolant_Circuit_Cooling_Heating": "coolant_circuit",
    "HVAC": "hvac",
}
"""Published components by the names of our elements."""
REAR_SHARE = 0.65
"""Rear machine's share of the power with all wheels driven, as published."""
WORKED = (
    ("75 kWh LFP, rear drive", "lfp", 75.0, 200.0, 0.0, 29_838.0),
    ("75 kWh NMC, rear drive", "nmc", 75.0, 200.0, 0.0, 30_996.0),
    ("113 kWh NMC, all wheels", "nmc", 113.0, 227.5, 122.5, 37_124.0),
)
"""Worked checks of the Alaska for 2026: truck, chemistry, kWh, kW rear and front, 2022 dollars."""
WORKED_STRUCTURE, WORKED_OTHER = 4_574.0, 12_900.0
"""What the worked checks take for structure and for all other glider parts, dollars of 2022."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """One published value beside ours, dollars."""

    what: str
    ours: float
    published: float


def reference_deck() -> CostDeck:
    """The reference scenario's coefficients at their medians."""
    return read_scenario("nissan-fisker").cost.deck


def compare_published(deck: CostDeck) -> list[Compared]:
    """Every published value beside ours; learning off, in the publisher's own dollars."""
    found = []
    for row in read_rows("cost/published_values.csv"):
        what = f"{row['component']} {row['drive']}".strip()
        found.append(Compared(what, _ours(deck, row), float(row["dollars"])))
    return found


def _ours(deck: CostDeck, row: dict[str, str]) -> float:
    kind = row["component"]
    if kind in ("nmc", "lfp"):
        kwh, year = float(row["kwh"]), float(row["year"])
        return kwh * per_kwh(deck, kind, kwh, year)
    if kind in ("ladder", "unibody"):
        material = jnp.asarray(float(row["drive"] == "aluminum"))
        size = jnp.asarray(float(row["footprint_ft2"]))
        return float(structure_cost_of_type(getattr(deck.glider, kind), size, material))
    power = float(row["kw"])
    rear = power * (REAR_SHARE if row["drive"] == "AWD" else 1.0)
    charger = power if ELECTRIC[kind] == "charger" else 11.0
    return float(getattr(_electric(deck, rear, power - rear, charger), ELECTRIC[kind]))


def per_kwh(deck: CostDeck, chemistry: str, kwh: float, year: float) -> float:
    """The published pack curve, dollars of 2022 per gross kWh."""
    curve = getattr(deck.pack, chemistry)
    return float(published_cost(curve, deck.pack, jnp.asarray(kwh), jnp.asarray(year)))


def _electric(deck: CostDeck, rear: float, front: float, charger: float) -> object:
    year = jnp.asarray(2022.0)  # the equations' own year, so that industry learning is 1
    powers = jnp.asarray(rear), jnp.asarray(front), jnp.asarray(charger)
    return electric_costs(deck.electric, *powers, year)


def worked_checks(deck: CostDeck) -> list[Compared]:
    """The Alaska as worked from the same elements, given the same inputs."""
    found = []
    for what, chemistry, kwh, rear, front, dollars in WORKED:
        parts = _electric(deck, rear, front, 11.0)
        electric = sum(float(getattr(parts, name)) for name in set(ELECTRIC.values()))
        pack = kwh * per_kwh(deck, chemistry, kwh, 2026.0)
        ours = pack + electric + WORKED_STRUCTURE + WORKED_OTHER
        found.append(Compared(what, ours, dollars))
    return found
