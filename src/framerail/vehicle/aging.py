"""Age and heat as factors on a design: a worn battery, machines at their continuous power."""

from typing import Annotated

import equinox as eqx
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Quantity
from framerail.vehicle.design import VehicleDesign

ResistanceGrowth = Annotated[Float[Array, ""], Quantity("dimensionless", 1.0, 5.0)]


class Aging(Declared):
    """State of health of a battery."""

    capacity: Fraction
    """Capacity left, over that of the new pack."""
    resistance: ResistanceGrowth
    """Resistance over that of the new pack."""


def aged(design: VehicleDesign, aging: Aging) -> VehicleDesign:
    """The design with a worn battery: less energy, more resistance, less power in proportion."""
    battery = design.battery
    return eqx.tree_at(
        lambda d: [
            d.battery.gross_energy,
            d.battery.internal_resistance,
            d.battery.discharge_power,
            d.battery.charge_power,
        ],
        design,
        [
            battery.gross_energy * aging.capacity,
            battery.internal_resistance * aging.resistance,
            battery.discharge_power / aging.resistance,
            battery.charge_power / aging.resistance,
        ],
    )


def continuous(design: VehicleDesign, fraction: Float[Array, ""]) -> VehicleDesign:
    """The design with continuous power (`fraction` of the peak) of machines and battery."""
    return eqx.tree_at(
        lambda d: [d.front.peak_power, d.rear.peak_power, d.battery.discharge_power],
        design,
        [
            design.front.peak_power * fraction,
            design.rear.peak_power * fraction,
            design.battery.discharge_power * fraction,
        ],
    )
