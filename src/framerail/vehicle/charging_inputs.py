"""What a file says about fast charging: the cells' acceptance, the station, the session."""

import itertools
from typing import Annotated

from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Kelvin, Quantity, Volt, Watt
from framerail.vehicle.design import Efficiency, by_tenths

ChargeRate = Annotated[Float[Array, ""], Quantity("1/s", 0.0, 0.01)]
"""Charge power over usable energy: "2 1/hour" fills the pack in half an hour."""
Ampere = Annotated[Float[Array, ""], Quantity("A", 1.0, 5_000.0)]
ArrheniusTemperature = Annotated[Float[Array, ""], Quantity("K", 0.0, 15_000.0)]
"""Activation energy over the gas constant."""
VoltageMargin = Annotated[Float[Array, ""], Quantity("dimensionless", 0.9, 1.3)]


class Acceptance(Declared):
    """Power that the cells of a warm pack take, over usable energy, by displayed charge."""

    at_0: ChargeRate
    """At 0 % displayed charge."""
    at_10: ChargeRate
    """At 10 %."""
    at_20: ChargeRate
    """At 20 %."""
    at_30: ChargeRate
    """At 30 %."""
    at_40: ChargeRate
    """At 40 %."""
    at_50: ChargeRate
    """At 50 %."""
    at_60: ChargeRate
    """At 60 %."""
    at_70: ChargeRate
    """At 70 %."""
    at_80: ChargeRate
    """At 80 %."""
    at_90: ChargeRate
    """At 90 %."""
    at_100: ChargeRate
    """At 100 %."""

    def points(self) -> tuple[Float[Array, ""], ...]:
        """The eleven values, from empty to full."""
        return by_tenths(self)

    def faults(self) -> tuple[str, ...]:
        """Acceptance does not rise with charge."""
        values = [float(x) for x in self.points()]
        if any(b > a * (1.0 + 1e-9) for a, b in itertools.pairwise(values)):
            return ("rises with charge; order the values from empty (highest) to full",)
        return ()


class FastCharging(Declared):
    """How a vehicle takes direct current."""

    peak_power: Watt
    """Highest power at the battery terminals that the vehicle ever takes."""
    acceptance: Acceptance
    """What the warm cells take over displayed charge."""
    activation_temperature: ArrheniusTemperature
    """Slope of the logarithm of acceptance in inverse temperature, below the reference."""
    reference_temperature: Kelvin
    """Pack temperature from which acceptance is complete; the heater works below."""
    voltage_margin: VoltageMargin
    """Upper voltage limit over the open-circuit voltage of full cells."""
    heater_power: Watt
    """Power of the pack heater while charging below the reference temperature."""
    cooling_temperature: Kelvin
    """Pack temperature from which the pack is cooled while charging."""
    cooling_load: Watt
    """Electric load of cooling the pack while charging."""


class Station(Declared):
    """A direct-current station."""

    power: Watt
    """Highest power."""
    current: Ampere
    """Highest current."""
    voltage: Volt
    """Highest voltage."""
    efficiency: Efficiency
    """Energy delivered over energy drawn from the grid."""


class ChargeSession(Declared):
    """From where to where, and how warm."""

    start: Fraction
    """Displayed charge at the start."""
    target: Fraction
    """Displayed charge at the end, above the start."""
    pack_temperature: Kelvin
    """Pack temperature at the start."""
    air_temperature: Kelvin
    """Ambient temperature."""

    def faults(self) -> tuple[str, ...]:
        """A session goes up."""
        if float(self.target) <= float(self.start):
            return ("target must lie above start",)
        return ()
