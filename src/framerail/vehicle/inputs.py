"""What a scenario says about vehicles: the designs and the label procedure."""

from typing import Annotated

from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    Fraction,
    Kelvin,
    MeterPerSecond,
    Pascal,
    Quantity,
)
from framerail.vehicle.design import VehicleDesign

Adhesion = Annotated[Float[Array, ""], Quantity("dimensionless", 0.05, 2.0)]
"""Tire force over axle load at which a tire slips."""
AdjustmentFactor = Annotated[Float[Array, ""], Quantity("dimensionless", 0.3, 1.2)]


class Conditions(Declared):
    """Air, road and the battery's charge at the start of a simulation."""

    air_temperature: Kelvin
    """Ambient temperature."""
    air_pressure: Pascal
    """Ambient pressure."""
    headwind: MeterPerSecond
    """Wind against the direction of travel."""
    adhesion: Adhesion
    """Tire force over axle load at which a tire slips."""
    state_of_charge: Fraction
    """Displayed state of charge at the start."""


class LabelProcedure(Declared):
    """The two-cycle procedure of the EPA fuel-economy label (40 CFR 600, SAE J1634)."""

    city_weight: Fraction
    """Weight of the city cycle in the combined figure; the highway cycle has the rest."""
    adjustment_factor: AdjustmentFactor
    """Label range over unadjusted range."""
    conditions: Conditions
    """Conditions of the dynamometer test."""


class VehicleInputs(Declared):
    """The vehicle stage's part of a scenario."""

    designs: dict[str, VehicleDesign]
    """Vehicles by name."""
    procedure: LabelProcedure
    """How range and consumption are stated."""

    def faults(self) -> tuple[str, ...]:
        """At least one design."""
        return () if self.designs else ("has no designs; give at least one",)
