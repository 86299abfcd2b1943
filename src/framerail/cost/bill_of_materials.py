"""The bill of materials: what a truck contains, and what its parts cost by element."""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost.battery_pack import PackDeck, pack_cost_per_kwh
from framerail.cost.electric_drive import ElectricDeck, electric_costs
from framerail.cost.glider import (
    PARTS,
    GliderDeck,
    GliderSize,
    SquareFoot,
    glider_learning,
    glider_part_costs,
    structure_cost,
)
from framerail.quantities import (
    Declared,
    Fraction,
    Kilogram,
    Kilowatt,
    KilowattHour,
    Quantity,
    Scalar,
)

TrimLevel = Annotated[Scalar, Quantity("dimensionless", 0.0, 4.0)]
"""0 work truck, 1 volume trim, 2 upper trim, 3 flagship; values between are allowed."""


class VehicleContents(Declared):
    """What one truck is made of, as far as its cost depends on it."""

    pack_energy: KilowattHour
    """Gross energy of the battery pack; the engine overwrites it from the vehicle's design."""
    lfp_share: Fraction
    """Chemistry: 0 is nickel-manganese-cobalt, 1 lithium iron phosphate, between is a mix."""
    rear_power: Kilowatt
    """Peak power of the rear machine, 0 if absent; overwritten from the vehicle's design."""
    front_power: Kilowatt
    """Peak power of the front machine, 0 if absent; overwritten from the vehicle's design."""
    charger_power: Kilowatt
    """Power of the on-board charger; overwritten from the vehicle's design."""
    footprint: SquareFoot
    """Wheelbase times mean track width (the regulatory footprint)."""
    gross_weight: Kilogram
    """Gross vehicle weight rating: sizes chassis, brakes, wheels and tires."""
    aluminum_share: Fraction
    """Structure material: 0 steel, 1 aluminum."""
    ladder_share: Fraction
    """Structure type: 0 unibody, 1 body on ladder frame."""
    trim_level: TrimLevel
    """Equipment: 0 work truck, 1 volume trim, 2 upper trim, 3 flagship."""

    def faults(self) -> tuple[str, ...]:
        """A truck needs a pack, a machine and a weight rating."""
        found = []
        if float(self.pack_energy) <= 0.0:
            found.append("pack_energy: expected more than 0, such as '75 kWh'")
        if float(self.rear_power) + float(self.front_power) <= 0.0:
            found.append("rear_power: expected at least one machine above 0 kW")
        if float(self.gross_weight) <= 0.0:
            found.append("gross_weight: expected more than 0, such as '7000 lb'")
        return tuple(found)


MATERIALS: tuple[tuple[str, str], ...] = (
    ("pack", "pack"),
    ("machines", "drive"),
    ("inverters", "drive"),
    ("gearboxes", "drive"),
    ("charger", "electrical"),
    ("charge_cord", "electrical"),
    ("low_voltage_battery", "electrical"),
    ("high_voltage_harness", "electrical"),
    ("low_voltage_harness", "electrical"),
    ("coolant_circuit", "thermal"),
    ("hvac", "thermal"),
    ("structure", "structure"),
    ("closures", "exterior"),
    ("bed_equipment", "exterior"),
    ("suspension", "chassis"),
    ("wheels_and_tires", "chassis"),
    ("brakes", "chassis"),
    ("steering", "chassis"),
    ("seats", "interior"),
    ("interior_trim", "interior"),
    ("infotainment", "electronics"),
    ("driver_assistance", "electronics"),
    ("body_electrics", "electronics"),
    ("glass", "exterior"),
    ("lighting", "exterior"),
    ("restraints", "interior"),
    ("paint_and_fluids", "exterior"),
)
"""Purchased and made parts in order, each with the group whose sharing applies to it."""


class PublishedCosts(eqx.Module):
    """Costs of all parts at the published rates, before the program's learning and scale."""

    in_2022: Float[Array, "material"]
    """Dollars of 2022 by `MATERIALS`; zero for the structure."""
    structure_in_2020: Float[Array, ""]
    """Structure, dollars of 2020."""


def glider_size(contents: VehicleContents) -> GliderSize:
    """The glider's size and type from a truck's contents."""
    return GliderSize(
        footprint=contents.footprint,
        gross_weight=contents.gross_weight,
        trim_level=contents.trim_level,
        aluminum_share=contents.aluminum_share,
        ladder_share=contents.ladder_share,
    )


def published_costs(
    pack: PackDeck,
    electric: ElectricDeck,
    glider: GliderDeck,
    contents: VehicleContents,
    year: Float[Array, ""],
) -> PublishedCosts:
    """Every part of one truck at the published rates of a model year (industry learning in)."""
    energy = contents.pack_energy
    drive = electric_costs(
        electric, contents.rear_power, contents.front_power, contents.charger_power, year
    )
    size = glider_size(contents)
    learned = glider_learning(glider, year)
    parts = glider_part_costs(glider, size) * learned
    by_name = {
        "pack": pack_cost_per_kwh(pack, energy, contents.lfp_share, year) * energy,
        "structure": jnp.zeros_like(energy),
        **dict(zip(PARTS, parts, strict=True)),
    }
    stacked = [by_name[name] if name in by_name else getattr(drive, name) for name, _ in MATERIALS]
    return PublishedCosts(
        in_2022=jnp.stack(stacked), structure_in_2020=structure_cost(glider, size) * learned
    )
