"""From the few columns of a table to a complete design, by documented rules.

A row gives what is known (in the style of the EPA test-car list); a blank is NaN. Every rule is
elementwise, so `jax.vmap` turns a table of rows into a batch of designs. The numbers of the
rules are `SpecificationDefaults`, read from `data/vehicle/defaults.toml`.
"""

from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    Fraction,
    Meter,
    MeterPerSecond,
    Newton,
    Quantity,
    Second,
    SquareMeter,
    Watt,
)
from framerail.vehicle.design import (
    Acceleration,
    Axle,
    Battery,
    Charger,
    ChargeSpan,
    Efficiency,
    GearRatio,
    MachineLosses,
    OpenCircuitCurve,
    PositiveVolt,
    Regeneration,
    RoadLoad,
    TireRadius,
    VehicleDesign,
    WheelBase,
)
from framerail.vehicle.regeneration_modes import REGENERATION_MODES, RegenerationMode

POUND = 0.45359237
MILE_PER_HOUR = 0.44704
POUND_FORCE = 4.4482216152605
HORSEPOWER = 745.6998715822702
KILOWATT_HOUR = 3.6e6

CHEMISTRIES: tuple[str, ...] = ("nmc", "nca", "lfp")
"""Order of the entries of `TruckSpecification.chemistry`."""

SpecificPower = Annotated[Float[Array, ""], Quantity("W/kg", 5.0, 1_000.0)]
SpecificEnergy = Annotated[Float[Array, ""], Quantity("J/kg", 1e4, 2e6)]
PowerRate = Annotated[Float[Array, ""], Quantity("1/s", 1e-5, 0.1)]
TestLoad = Annotated[Float[Array, ""], Quantity("kg", 0.0, 1_000.0)]


class TruckSpecification(eqx.Module):
    """What a table says about one vehicle; NaN where it says nothing."""

    A_lbf: Float[Array, "..."]
    B_lbf_per_mph: Float[Array, "..."]
    C_lbf_per_mph2: Float[Array, "..."]
    etw_lb: Float[Array, "..."]
    curb_lb: Float[Array, "..."]
    rated_hp: Float[Array, "..."]
    peak_torque_nm: Float[Array, "..."]
    axle_ratio: Float[Array, "..."]
    drag_area_m2: Float[Array, "..."]
    rolling_resistance: Float[Array, "..."]
    usable_kwh: Float[Array, "..."]
    gross_kwh: Float[Array, "..."]
    nominal_voltage_v: Float[Array, "..."]
    dc_kw: Float[Array, "..."]
    ac_kw: Float[Array, "..."]
    charge_efficiency: Float[Array, "..."]
    auxiliary_w: Float[Array, "..."]
    tire_radius_m: Float[Array, "..."]
    top_speed_mph: Float[Array, "..."]
    lift_off_mps2: Float[Array, "..."]
    front_driven: Float[Array, "..."]
    """One when the front axle has a machine."""
    rear_driven: Float[Array, "..."]
    """One when the rear axle has a machine."""
    chemistry: Float[Array, "... chemistry"]
    """One for the row's entry of `CHEMISTRIES`, zero for the others."""
    regeneration_mode: Float[Array, "... mode"]
    """One for the row's entry of `REGENERATION_MODES`, zero for the others."""


class SpecificationDefaults(Declared):
    """The numbers of the rules that fill blanks."""

    test_load: TestLoad
    """Test weight less curb weight."""
    rotating_mass_fraction: Fraction
    """Inertia of rotating parts over mass."""
    specific_power: SpecificPower
    """Peak power over test mass, where rated power is blank."""
    base_speed: MeterPerSecond
    """Vehicle speed at which full torque meets full power, where torque is blank."""
    front_power_fraction: Fraction
    """Front axle's part of power and torque with both axles driven."""
    gear_ratio: GearRatio
    """Reduction where blank."""
    gear_efficiency: Efficiency
    """Load-dependent gear efficiency."""
    spin_drag: Newton
    """Drag of gear and unpowered machine for each driven axle, with physical road load only."""
    idle_loss: Fraction
    """Part of the no-load loss that remains while the other axle drives alone."""
    losses: MachineLosses
    """Machine and inverter class."""
    rolling_resistance: Fraction
    """Where A, B, C and the coefficient are blank."""
    drag_area: SquareMeter
    """Where A, B, C and the area are blank."""
    tire_radius: TireRadius
    """Where blank."""
    wheelbase: WheelBase
    """Distance between the axles."""
    center_of_gravity_height: Meter
    """Above the road."""
    front_weight_fraction: Fraction
    """Static load on the front axle."""
    top_speed: MeterPerSecond
    """Governed top speed where blank."""
    specific_energy: SpecificEnergy
    """Usable battery energy over test mass, where both capacities are blank."""
    usable_fraction: Fraction
    """Usable over gross energy where one of them is blank."""
    lower_buffer_share: Fraction
    """Part of the unusable energy that lies below the displayed zero."""
    nominal_voltage: PositiveVolt
    """Pack voltage where blank."""
    resistance_time: Second
    """Pack resistance times gross energy over nominal voltage squared."""
    discharge_margin: Efficiency
    """Peak machine power over battery discharge power."""
    charge_rate: PowerRate
    """Regenerative charge power over gross energy."""
    charge_taper: ChargeSpan
    """Displayed charge below full over which regeneration fades."""
    auxiliary_power: Watt
    """Steady auxiliary load."""
    regeneration_capture: Fraction
    """Part of the braking that goes to the machines."""
    regeneration_deceleration: Acceleration
    """Highest deceleration by regeneration."""
    regeneration_modes: dict[str, RegenerationMode]
    """What each of `REGENERATION_MODES` sets; `blended` where blank."""
    ac_power: Watt
    """On-board charger."""
    charge_efficiency: Efficiency
    """Usable battery energy over wall energy."""
    chemistries: dict[str, OpenCircuitCurve]
    """Open-circuit curve of each of `CHEMISTRIES`."""

    def faults(self) -> tuple[str, ...]:
        """All chemistries and modes."""
        found = []
        for table, needed in (
            ("chemistries", CHEMISTRIES),
            ("regeneration_modes", REGENERATION_MODES),
        ):
            missing = [name for name in needed if name not in getattr(self, table)]
            found += [f"{table} lacks {', '.join(missing)}; add them"] if missing else []
        return tuple(found)


def _or(value: Float[Array, ""], otherwise: Float[Array, ""]) -> Float[Array, ""]:
    """The value, or the rule's where it is blank."""
    blank = jnp.isnan(value)
    return jnp.where(blank, otherwise, jnp.where(blank, 0.0, value))


def design_from_specification(
    spec: TruckSpecification, defaults: SpecificationDefaults
) -> VehicleDesign:
    """A complete design from one row (scalars); `jax.vmap(..., in_axes=(0, None))` for a table.

    Rules: test mass is the test weight, or curb weight plus `test_load`. Coast-down coefficients
    are used where given, else drag area and rolling resistance with `spin_drag`. Power is divided
    between driven axles by `front_power_fraction`; torque, where blank, is what makes full torque
    meet full power at `base_speed`. Capacities follow from each other by `usable_fraction`.
    A stated lift-off deceleration replaces its mode's.
    """
    curb = _or(spec.curb_lb, spec.etw_lb - defaults.test_load / POUND) * POUND
    loaded = _or(spec.etw_lb * POUND, curb + defaults.test_load)
    power = _or(spec.rated_hp * HORSEPOWER, loaded * defaults.specific_power)
    radius = _or(spec.tire_radius_m, defaults.tire_radius)
    measured = ~jnp.isnan(spec.A_lbf)
    front = _front_fraction(spec, defaults)
    mode = _regeneration_mode(spec, defaults)
    return VehicleDesign(
        mass=curb,
        payload=jnp.maximum(loaded - curb, 0.0),
        rotating_mass_fraction=defaults.rotating_mass_fraction,
        road_load=_road_load(spec, defaults, loaded),
        front=_axle(spec, defaults, power, front, radius, measured),
        rear=_axle(spec, defaults, power, 1.0 - front, radius, measured),
        tire_radius=radius,
        wheelbase=defaults.wheelbase,
        center_of_gravity_height=defaults.center_of_gravity_height,
        front_weight_fraction=defaults.front_weight_fraction,
        top_speed=_or(spec.top_speed_mph * MILE_PER_HOUR, defaults.top_speed),
        battery=_battery(spec, defaults, loaded, power),
        auxiliary_power=_or(spec.auxiliary_w, defaults.auxiliary_power),
        regeneration=Regeneration(
            capture=defaults.regeneration_capture,
            max_deceleration=jnp.maximum(defaults.regeneration_deceleration, mode.lift_off),
            max_power=power,
            fade_out_speed=mode.fade_out_speed,
            full_speed=mode.full_speed,
            lift_off=mode.lift_off,
            friction_first=mode.friction_first,
            pedal_share=mode.pedal_share,
        ),
        charger=Charger(
            ac_power=_or(spec.ac_kw * 1e3, defaults.ac_power),
            charge_efficiency=_or(spec.charge_efficiency, defaults.charge_efficiency),
        ),
    )


def _regeneration_mode(
    spec: TruckSpecification, defaults: SpecificationDefaults
) -> RegenerationMode:
    """The row's mode; a stated lift-off leaves no friction to come first."""
    rows = [defaults.regeneration_modes[name] for name in REGENERATION_MODES]
    mode = jax.tree.map(lambda *values: jnp.stack(values) @ spec.regeneration_mode, *rows)
    lift_off = _or(spec.lift_off_mps2, mode.lift_off)
    return RegenerationMode(
        lift_off=lift_off,
        friction_first=jnp.where(lift_off > 0.0, 0.0, mode.friction_first),
        pedal_share=mode.pedal_share,
        fade_out_speed=mode.fade_out_speed,
        full_speed=mode.full_speed,
    )


def _front_fraction(spec: TruckSpecification, defaults: SpecificationDefaults) -> Float[Array, ""]:
    both = spec.front_driven * spec.rear_driven
    return both * defaults.front_power_fraction + (1.0 - both) * spec.front_driven


def _road_load(
    spec: TruckSpecification, defaults: SpecificationDefaults, loaded: Float[Array, ""]
) -> RoadLoad:
    measured = ~jnp.isnan(spec.A_lbf)
    zero = jnp.zeros_like(loaded)
    rolling = _or(spec.rolling_resistance, defaults.rolling_resistance)
    area = _or(spec.drag_area_m2, defaults.drag_area)
    return RoadLoad(
        constant=_or(spec.A_lbf * POUND_FORCE, zero),
        linear=_or(spec.B_lbf_per_mph * POUND_FORCE / MILE_PER_HOUR, zero),
        quadratic=_or(spec.C_lbf_per_mph2 * POUND_FORCE / MILE_PER_HOUR**2, zero),
        reference_mass=jnp.where(measured, loaded, 0.0),
        rolling_resistance=jnp.where(measured, 0.0, rolling),
        drag_area=jnp.where(measured, 0.0, area),
    )


def _axle(
    spec: TruckSpecification,
    defaults: SpecificationDefaults,
    power: Float[Array, ""],
    fraction: Float[Array, ""],
    radius: Float[Array, ""],
    measured: Array,
) -> Axle:
    # The EPA list writes a ratio of 1 where the gear is not stated: one is not a reduction.
    stated = spec.axle_ratio > 1.5
    ratio = jnp.where(stated, jnp.where(stated, spec.axle_ratio, 1.0), defaults.gear_ratio)
    torque = _or(spec.peak_torque_nm, power * radius / (ratio * defaults.base_speed))
    return Axle(
        peak_power=power * fraction,
        peak_torque=torque * fraction,
        gear_ratio=ratio,
        gear_efficiency=defaults.gear_efficiency,
        spin_drag=jnp.where(measured | (fraction == 0.0), 0.0, defaults.spin_drag),
        idle_loss=defaults.idle_loss,
        losses=defaults.losses,
    )


def _battery(
    spec: TruckSpecification,
    defaults: SpecificationDefaults,
    loaded: Float[Array, ""],
    power: Float[Array, ""],
) -> Battery:
    by_mass = loaded * defaults.specific_energy / KILOWATT_HOUR
    usable = _or(spec.usable_kwh, _or(spec.gross_kwh * defaults.usable_fraction, by_mass))
    gross = jnp.maximum(_or(spec.gross_kwh, usable / defaults.usable_fraction), usable)
    voltage = _or(spec.nominal_voltage_v, defaults.nominal_voltage)
    energy = gross * KILOWATT_HOUR
    unusable = 1.0 - usable / gross
    curves = [defaults.chemistries[name].points() for name in CHEMISTRIES]
    points = jnp.stack([jnp.stack(curve) for curve in curves]).T @ spec.chemistry
    return Battery(
        gross_energy=energy,
        usable_fraction=usable / gross,
        lower_buffer=defaults.lower_buffer_share * unusable,
        nominal_voltage=voltage,
        internal_resistance=defaults.resistance_time * voltage**2 / energy,
        discharge_power=power / defaults.discharge_margin,
        charge_power=jnp.maximum(
            _or(spec.dc_kw * 1e3, 0.0 * energy), defaults.charge_rate * energy
        ),
        charge_taper=defaults.charge_taper,
        open_circuit=OpenCircuitCurve(*points),
    )
