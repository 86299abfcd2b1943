"""The glider, bottom-up: structure by type, material and size, and every other group of parts.

Structure: EPA OMEGA 2.5.0, `glider_cost.csv` v0.11 and `mass_scaling.csv` v0.1 (FEV and A2MAC1
teardowns), 2020 dollars. Other parts: own estimates by group, sized by footprint, gross weight
and trim and calibrated on combustion pickups (docs/validation.md); every one is positive.
"""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost.learning import IndustryLearning, industry_factor
from framerail.quantities import (
    Declared,
    Fraction,
    Kilogram,
    PositiveDollar,
    PositiveNumber,
    Quantity,
    Scalar,
)

SquareFoot = Annotated[Scalar, Quantity("ft^2", 20.0, 150.0)]
DollarPerPound = Annotated[Scalar, Quantity("dollar/lb", 0.0, 100.0)]
PoundPerSquareFoot = Annotated[Scalar, Quantity("lb/ft^2", 0.0, 200.0)]
SignedPound = Annotated[Scalar, Quantity("lb", -1_000.0, 1_000.0)]
Elasticity = Annotated[Scalar, Quantity("dimensionless", 0.0, 2.0)]


class StructureRates(Declared):
    """Cost and mass of one type of structure, as published, 2020 dollars."""

    steel: DollarPerPound
    """Steel body per pound."""
    aluminum: DollarPerPound
    """Aluminum body per pound."""
    body_share: Fraction
    """Share of the structure's mass that is body and carries the material's rate."""
    frame: DollarPerPound
    """Frame, per pound of the whole structure's mass (the published form)."""
    fixed: PositiveDollar
    """Part per truck that does not depend on mass."""
    mass_per_footprint: PoundPerSquareFoot
    """Slope of the steel structure's mass with footprint."""
    mass_intercept: SignedPound
    """Intercept of the steel structure's mass."""
    aluminum_mass_ratio: Fraction
    """Mass of the aluminum structure over that of the steel one."""


class GliderPart(Declared):
    """One group of parts: cost at the reference truck, and how it scales.

    cost = reference_cost * (footprint / reference)^footprint_elasticity
           * (gross weight / reference)^weight_elasticity * (1 + trim_gain * trim level)
    """

    reference_cost: PositiveDollar
    """Cost on the reference truck at trim level 0, 2022 dollars."""
    footprint_elasticity: Elasticity
    """Elasticity to footprint."""
    weight_elasticity: Elasticity
    """Elasticity to gross vehicle weight rating."""
    trim_gain: PositiveNumber
    """Relative increase per trim level."""


class GliderDeck(Declared):
    """Coefficients of the glider: everything but powertrain, pack and thermal system."""

    reference_footprint: SquareFoot
    """Footprint of the reference truck."""
    reference_gross_weight: Kilogram
    """Gross vehicle weight rating of the reference truck."""
    level: PositiveNumber
    """Common factor on all parts but the structure; its spread is the calibration's error."""
    structure_level: PositiveNumber
    """Factor on the structure; its spread is what teardowns and the mass curves leave open."""
    unibody: StructureRates
    """Unibody with integral bed."""
    ladder: StructureRates
    """Cab and bed on a ladder frame."""
    closures: GliderPart
    """Doors, hood, tailgate, hinges, latches."""
    bed_equipment: GliderPart
    """Bed liner, tie-downs, bumpers, hitch, exterior trim."""
    suspension: GliderPart
    """Springs, dampers, links, knuckles, hubs."""
    wheels_and_tires: GliderPart
    """Wheels, tires, spare, pressure sensors."""
    brakes: GliderPart
    """Calipers, discs, booster, stability control."""
    steering: GliderPart
    """Rack, column, assistance, steering wheel."""
    seats: GliderPart
    """Seats with adjusters and heating."""
    interior_trim: GliderPart
    """Instrument panel, console, door trim, headliner, carpet, insulation."""
    infotainment: GliderPart
    """Displays, head unit, audio, telematics, cluster."""
    driver_assistance: GliderPart
    """Cameras, radars, sensors, computer."""
    body_electrics: GliderPart
    """Body harness, control units, switches, locks, wipers."""
    glass: GliderPart
    """Windshield, side and rear glass, mirrors, window lifts."""
    lighting: GliderPart
    """Head, rear and interior lamps."""
    restraints: GliderPart
    """Airbags, belts, crash sensors."""
    paint_and_fluids: GliderPart
    """Paint, sealer, adhesives, fluids, fasteners."""
    industry_learning: IndustryLearning
    """Slow fall of glider costs with the industry's output."""

    def faults(self) -> tuple[str, ...]:
        """Parts are sized relative to the reference truck."""
        if float(self.reference_gross_weight) <= 0.0:
            return ("reference_gross_weight: expected more than 0, such as '2900 kg'",)
        return ()


PARTS: tuple[str, ...] = (
    "closures",
    "bed_equipment",
    "suspension",
    "wheels_and_tires",
    "brakes",
    "steering",
    "seats",
    "interior_trim",
    "infotainment",
    "driver_assistance",
    "body_electrics",
    "glass",
    "lighting",
    "restraints",
    "paint_and_fluids",
)
"""Groups of parts other than the structure, in the order of `glider_part_costs`."""


class GliderSize(eqx.Module):
    """What sizes a glider: scalars."""

    footprint: Float[Array, ""]
    """Square feet."""
    gross_weight: Float[Array, ""]
    """Gross vehicle weight rating, kg."""
    trim_level: Float[Array, ""]
    """0 work truck to 3 flagship."""
    aluminum_share: Float[Array, ""]
    """0 steel, 1 aluminum."""
    ladder_share: Float[Array, ""]
    """0 unibody, 1 body on frame."""


def structure_mass(
    rates: StructureRates, footprint: Float[Array, ""], aluminum_share: Float[Array, ""]
) -> Float[Array, ""]:
    """Mass of the structure in pounds (OMEGA `mass_scaling.csv`)."""
    steel = rates.mass_per_footprint * footprint + rates.mass_intercept
    return steel * (1.0 + aluminum_share * (rates.aluminum_mass_ratio - 1.0))


def structure_cost_of_type(
    rates: StructureRates, footprint: Float[Array, ""], aluminum_share: Float[Array, ""]
) -> Float[Array, ""]:
    """Cost of one type of structure, 2020 dollars; linear between steel and aluminum."""

    def pure(material: Float[Array, ""], rate: Float[Array, ""]) -> Float[Array, ""]:
        pounds = structure_mass(rates, footprint, material)
        return rates.frame * pounds + rates.body_share * rate * pounds + rates.fixed

    steel = pure(jnp.zeros_like(footprint), rates.steel)
    aluminum = pure(jnp.ones_like(footprint), rates.aluminum)
    return steel + aluminum_share * (aluminum - steel)


def structure_cost(deck: GliderDeck, size: GliderSize) -> Float[Array, ""]:
    """Cost of frame or unibody with body and bed, 2020 dollars, before learning."""
    unibody = structure_cost_of_type(deck.unibody, size.footprint, size.aluminum_share)
    ladder = structure_cost_of_type(deck.ladder, size.footprint, size.aluminum_share)
    return deck.structure_level * (unibody + size.ladder_share * (ladder - unibody))


def glider_part_costs(deck: GliderDeck, size: GliderSize) -> Float[Array, "part"]:
    """Costs of the groups in `PARTS`, 2022 dollars, before learning; all positive."""
    parts = [getattr(deck, name) for name in PARTS]
    cost = jnp.stack([part.reference_cost for part in parts])
    by_footprint = jnp.stack([part.footprint_elasticity for part in parts])
    by_weight = jnp.stack([part.weight_elasticity for part in parts])
    gain = jnp.stack([part.trim_gain for part in parts])
    return (
        deck.level
        * cost
        * (size.footprint / deck.reference_footprint) ** by_footprint
        * (size.gross_weight / deck.reference_gross_weight) ** by_weight
        * (1.0 + gain * size.trim_level)
    )


def glider_learning(deck: GliderDeck, year: Float[Array, ""]) -> Float[Array, ""]:
    """Glider cost of `year` over that of the rates' year."""
    return industry_factor(deck.industry_learning, year)
