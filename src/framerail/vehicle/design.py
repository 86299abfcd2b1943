"""A battery-electric vehicle as data: one uniform pytree for every drive layout.

A rear-drive and an all-wheel truck have the same leaves (an axle without a machine has zero peak
power), so designs stack into one batch. Everything is SI; text with units is converted at reading.
"""

import itertools
from typing import Annotated

from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    Fraction,
    Joule,
    Kilogram,
    Meter,
    MeterPerSecond,
    Newton,
    NewtonMeter,
    NewtonPerSpeed,
    NewtonPerSpeedSquared,
    Ohm,
    Quantity,
    SquareMeter,
    Watt,
)

_Scalar = Float[Array, ""]

GearRatio = Annotated[_Scalar, Quantity("dimensionless", 0.5, 40.0)]
"""Machine speed over wheel speed."""
Efficiency = Annotated[_Scalar, Quantity("dimensionless", 0.3, 1.0)]
LossFraction = Annotated[_Scalar, Quantity("dimensionless", 0.0, 0.5)]
"""A loss as a fraction of a machine's peak power."""
Acceleration = Annotated[_Scalar, Quantity("m/s^2", 0.0, 15.0)]
RelativeVoltage = Annotated[_Scalar, Quantity("dimensionless", 0.3, 2.0)]
"""A voltage over the pack's nominal voltage."""
TireRadius = Annotated[_Scalar, Quantity("m", 0.15, 0.8)]
WheelBase = Annotated[_Scalar, Quantity("m", 1.0, 8.0)]
PositiveKilogram = Annotated[_Scalar, Quantity("kg", 100.0, 60_000.0)]
PositiveVolt = Annotated[_Scalar, Quantity("V", 12.0, 2_000.0)]
PositiveJoule = Annotated[_Scalar, Quantity("J", 1e6, 1e10)]
ChargeSpan = Annotated[_Scalar, Quantity("dimensionless", 0.001, 1.0)]
UsableFraction = Annotated[_Scalar, Quantity("dimensionless", 0.1, 1.0)]


class RoadLoad(Declared):
    """Resistance of the vehicle on a level road: coast-down coefficients or physical terms.

    A design gives one kind and zeros for the other. Coast-down coefficients (40 CFR 1066.301)
    already hold the drag of gears, bearings and the unpowered machine: see `Axle.spin_drag`.
    """

    constant: Newton
    """Coast-down coefficient A; zero when the physical terms are given."""
    linear: NewtonPerSpeed
    """Coast-down coefficient B; zero when the physical terms are given."""
    quadratic: NewtonPerSpeedSquared
    """Coast-down coefficient C at the standard air of the coast-down procedure."""
    reference_mass: Kilogram
    """Test mass at which A holds (A grows in proportion to mass); zero with the physical terms."""
    rolling_resistance: Fraction
    """Rolling-resistance coefficient of the tires; zero with coast-down coefficients."""
    drag_area: SquareMeter
    """Drag coefficient times frontal area; zero with coast-down coefficients."""

    def faults(self) -> tuple[str, ...]:
        """Both kinds, or none."""
        coast_down = any(float(x) != 0.0 for x in (self.constant, self.linear, self.quadratic))
        physical = any(float(x) != 0.0 for x in (self.rolling_resistance, self.drag_area))
        found = []
        if coast_down and physical:
            found.append(
                "gives coast-down coefficients and physical terms, which would count resistance"
                " twice; set constant, linear and quadratic or rolling_resistance and drag_area"
                " to zero"
            )
        if not coast_down and not physical:
            found.append(
                "has no resistance at all; give constant, linear and quadratic (coast-down), or"
                " rolling_resistance and drag_area"
            )
        if coast_down and float(self.reference_mass) == 0.0:
            found.append("has coast-down coefficients but no reference_mass; give the test mass")
        if not coast_down and physical and 0.0 in (self.rolling_resistance, self.drag_area):
            found.append("needs both rolling_resistance and drag_area above zero")
        return tuple(found)


class MachineLosses(Declared):
    """Loss of machine and inverter, as fractions of peak power; see `Axle`."""

    standing: LossFraction
    """Loss of the switching inverter and excitation while the machine turns."""
    speed: LossFraction
    """Loss in proportion to speed (hysteresis), at base speed."""
    speed_squared: LossFraction
    """Loss in proportion to speed squared (eddy currents, field weakening), at base speed."""
    copper: LossFraction
    """Conduction loss at peak torque."""
    power: LossFraction
    """Loss in proportion to shaft power squared, at peak power."""
    inverter_efficiency: Efficiency
    """Efficiency of the part of the loss in proportion to power, either direction."""


class Axle(Declared):
    """One driven axle: machine with inverter, reduction gear. Zero peak power: no machine.

    The loss of machine and inverter, as a fraction of `peak_power`, with relative torque
    t = T/peak_torque and relative speed n = w/(peak_power/peak_torque), is
    standing + speed n + speed_squared n^2 + copper t^2 + power (t n)^2, and the inverter's
    efficiency on the power that passes.
    """

    peak_power: Watt
    """Peak mechanical power of all machines on this axle together; zero: no machine here."""
    peak_torque: NewtonMeter
    """Peak torque at the machine shaft, all machines on this axle together."""
    gear_ratio: GearRatio
    """Machine speed over wheel speed."""
    gear_efficiency: Efficiency
    """Load-dependent efficiency of the reduction gear, either direction."""
    spin_drag: Newton
    """Drag of gear and unpowered machine, at the wheel; zero when A/B/C hold it."""
    idle_loss: Fraction
    """Part of the no-load loss that remains while the other axle drives alone (0: clutch)."""
    losses: MachineLosses
    """Loss of machine and inverter."""

    def faults(self) -> tuple[str, ...]:
        """A machine needs power and torque together."""
        if (float(self.peak_power) > 0.0) != (float(self.peak_torque) > 0.0):
            return (
                "peak_power and peak_torque must both be above zero, or both zero for an axle"
                " without a machine",
            )
        return ()


def by_tenths(curve: Declared) -> tuple[_Scalar, ...]:
    """A curve's values `at_0`, `at_10`, ..., `at_100`, from an empty pack to a full one."""
    return tuple(getattr(curve, f"at_{percent}") for percent in range(0, 101, 10))


class OpenCircuitCurve(Declared):
    """Open-circuit voltage over nominal voltage at eleven cell states of charge."""

    at_0: RelativeVoltage
    """At 0 % cell state of charge."""
    at_10: RelativeVoltage
    """At 10 %."""
    at_20: RelativeVoltage
    """At 20 %."""
    at_30: RelativeVoltage
    """At 30 %."""
    at_40: RelativeVoltage
    """At 40 %."""
    at_50: RelativeVoltage
    """At 50 %."""
    at_60: RelativeVoltage
    """At 60 %."""
    at_70: RelativeVoltage
    """At 70 %."""
    at_80: RelativeVoltage
    """At 80 %."""
    at_90: RelativeVoltage
    """At 90 %."""
    at_100: RelativeVoltage
    """At 100 %."""

    def points(self) -> tuple[_Scalar, ...]:
        """The eleven values, from empty to full."""
        return by_tenths(self)

    def faults(self) -> tuple[str, ...]:
        """The voltage must not fall as charge rises."""
        values = [float(x) for x in self.points()]
        if any(b < a for a, b in itertools.pairwise(values)):
            return ("falls as the state of charge rises; order the points from empty to full",)
        return ()


class Battery(Declared):
    """The traction pack as open-circuit voltage behind a resistance.

    Its chemistry enters through `open_circuit`, a set of numbers, so packs of different chemistry
    stack into one batch.
    """

    gross_energy: PositiveJoule
    """Energy of the whole pack, buffers included."""
    usable_fraction: UsableFraction
    """Energy between the displayed 0 % and 100 %, over gross energy."""
    lower_buffer: Fraction
    """Cell state of charge at the displayed 0 %."""
    nominal_voltage: PositiveVolt
    """Nominal pack voltage."""
    internal_resistance: Ohm
    """Pack resistance at moderate temperature, for pulses of a drive cycle."""
    discharge_power: Watt
    """Highest discharge power at the terminals."""
    charge_power: Watt
    """Highest charge power at the terminals (fast charge and regeneration)."""
    charge_taper: ChargeSpan
    """Displayed state of charge below full over which regeneration fades to zero."""
    open_circuit: OpenCircuitCurve
    """Open-circuit voltage of the chemistry."""

    def faults(self) -> tuple[str, ...]:
        """The usable window must lie inside the cell's range."""
        if float(self.lower_buffer) + float(self.usable_fraction) > 1.0 + 1e-9:
            return ("lower_buffer plus usable_fraction exceeds 1; lower one of them",)
        return ()


class Regeneration(Declared):
    """Limits of regenerative braking; the friction brakes take the rest."""

    capture: Fraction
    """Part of the braking force, within the limits below, that goes to the machines."""
    max_deceleration: Acceleration
    """Highest deceleration asked of the machines."""
    max_power: Watt
    """Highest regenerated power at the wheels."""
    fade_out_speed: MeterPerSecond
    """Below this speed there is no regeneration."""
    full_speed: MeterPerSecond
    """From this speed regeneration is complete; linear in between."""
    lift_off: Acceleration
    """Deceleration that lifting the accelerator asks of the machines alone; zero: it coasts."""
    friction_first: Acceleration
    """Deceleration by friction alone before the pedal asks anything of the machines."""
    pedal_share: Fraction
    """Part of the brake pedal's demand that is asked of the machines."""

    def faults(self) -> tuple[str, ...]:
        """The blend needs a width, and a pedal is of one kind."""
        found = []
        if float(self.full_speed) <= float(self.fade_out_speed):
            found.append("full_speed must lie above fade_out_speed")
        if float(self.lift_off) > 0.0 and float(self.friction_first) > 0.0:
            found.append("lift_off and friction_first exclude each other; set one of them to zero")
        return tuple(found)


class Charger(Declared):
    """Charging from the alternating-current grid."""

    ac_power: Watt
    """Power drawn from the wall by the on-board charger."""
    charge_efficiency: Efficiency
    """Usable battery energy over wall energy of a full recharge (UBE/AC of SAE J1634)."""


class VehicleDesign(Declared):
    """One vehicle, complete enough to simulate."""

    mass: PositiveKilogram
    """Curb mass, no payload."""
    payload: Kilogram
    """Driver and load; for the label the test weight less curb mass (300 lb nominal)."""
    rotating_mass_fraction: Fraction
    """Inertia of wheels, gears and rotors as a fraction of mass plus payload."""
    road_load: RoadLoad
    """Resistance on a level road."""
    front: Axle
    """Front axle; zero peak power when it has no machine."""
    rear: Axle
    """Rear axle; zero peak power when it has no machine."""
    tire_radius: TireRadius
    """Rolling radius."""
    wheelbase: WheelBase
    """Distance between the axles."""
    center_of_gravity_height: Meter
    """Height of the center of gravity above the road."""
    front_weight_fraction: Fraction
    """Static load on the front axle over the whole weight."""
    top_speed: MeterPerSecond
    """Governed top speed."""
    battery: Battery
    """Traction battery."""
    auxiliary_power: Watt
    """Steady load of controls, pumps, lights and 12-V system, at the battery terminals."""
    regeneration: Regeneration
    """Limits of regenerative braking."""
    charger: Charger
    """On-board charger."""

    def faults(self) -> tuple[str, ...]:
        """A vehicle needs a machine, and road load counts driveline drag once."""
        found = []
        if float(self.front.peak_power) + float(self.rear.peak_power) == 0.0:
            found.append("has no machine; give front or rear peak_power and peak_torque")
        if float(self.road_load.reference_mass) > 0.0 and (
            float(self.front.spin_drag) + float(self.rear.spin_drag) > 0.0
        ):
            found.append(
                "counts driveline drag twice: coast-down coefficients already hold it; set"
                " spin_drag of both axles to zero"
            )
        return tuple(found)


def loaded_mass(design: VehicleDesign) -> _Scalar:
    """Mass on the road: curb plus payload, kg."""
    return design.mass + design.payload


def usable_energy(battery: Battery) -> Joule:
    """Energy between the displayed 0 % and 100 %, J."""
    return battery.gross_energy * battery.usable_fraction
