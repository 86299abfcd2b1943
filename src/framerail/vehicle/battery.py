"""The traction battery: open-circuit voltage behind a resistance.

The current follows from terminal power P = E I - R I^2 as I = 2 P/(E + sqrt(E^2 - 4 R P)), which
needs no division by the resistance. State of charge is the displayed one: 0 and 1 are the ends
of the usable window.
"""

import itertools

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.design import Battery, OpenCircuitCurve

_KNOTS = tuple(k / 10 for k in range(11))
_POWER_MARGIN = 0.95
"""Fraction of the pack's theoretical maximum power E^2/(4 R) that is ever drawn."""


class BatteryModel(eqx.Module):
    """A pack's constants."""

    base: Float[Array, ""]
    """Relative open-circuit voltage of an empty cell."""
    bends: tuple[Float[Array, ""], ...]
    """Change of slope of the relative voltage at 0, 10, ..., 90 % cell charge."""
    voltage: Float[Array, ""]
    """Nominal pack voltage, V."""
    resistance: Float[Array, ""]
    """Pack resistance, ohm."""
    lower_buffer: Float[Array, ""]
    """Cell charge at the displayed zero."""
    window: Float[Array, ""]
    """Cell charge between displayed zero and one."""
    capacity: Float[Array, ""]
    """Charge between displayed zero and one, C."""
    discharge_power: Float[Array, ""]
    """Discharge limit at the terminals, W."""
    charge_power: Float[Array, ""]
    """Charge limit at the terminals, W."""
    charge_taper: Float[Array, ""]
    """Displayed charge below full over which charge power fades."""


def _bends(curve: OpenCircuitCurve) -> tuple[Float[Array, ""], ...]:
    points = curve.points()
    slopes = [(b - a) * 10.0 for a, b in itertools.pairwise(points)]
    return (slopes[0], *(b - a for a, b in itertools.pairwise(slopes)))


def _mean_voltage(
    base: Float[Array, ""],
    bends: tuple[Float[Array, ""], ...],
    low: Float[Array, ""],
    high: Float[Array, ""],
) -> Float[Array, ""]:
    """Mean relative open-circuit voltage between two cell charges."""

    change = jnp.stack(bends)
    knots = jnp.asarray(_KNOTS[: len(bends)], change.dtype)

    def integral(x: Float[Array, ""]) -> Float[Array, ""]:
        return base * x + 0.5 * change @ jnp.maximum(x - knots, 0.0) ** 2

    return (integral(high) - integral(low)) / (high - low)


def battery_model(battery: Battery) -> BatteryModel:
    """Constants of a pack; its charge capacity is such that the window holds the usable energy."""
    base, bends = battery.open_circuit.at_0, _bends(battery.open_circuit)
    low, window = battery.lower_buffer, battery.usable_fraction
    mean = _mean_voltage(base, bends, low, low + window) * battery.nominal_voltage
    return BatteryModel(
        base=base,
        bends=bends,
        voltage=battery.nominal_voltage,
        resistance=battery.internal_resistance,
        lower_buffer=low,
        window=window,
        capacity=battery.gross_energy * battery.usable_fraction / mean,
        discharge_power=battery.discharge_power,
        charge_power=battery.charge_power,
        charge_taper=battery.charge_taper,
    )


def open_circuit_voltage(
    battery: BatteryModel, state_of_charge: Float[Array, ""]
) -> Float[Array, ""]:
    """Open-circuit voltage at a displayed state of charge, V."""
    cell = jnp.clip(battery.lower_buffer + battery.window * state_of_charge, 0.0, 1.0)
    relative = battery.base
    for knot, bend in zip(_KNOTS, battery.bends, strict=False):
        relative = relative + bend * jnp.maximum(cell - knot, 0.0)
    return battery.voltage * relative


class VoltageNearby(eqx.Module):
    """Open-circuit voltage within a small span of displayed charge: two lines that meet."""

    at_zero: Float[Array, ""]
    """The lower line at no charge, V."""
    slope: Float[Array, ""]
    """Of the lower line, V."""
    bend: Float[Array, ""]
    """Slope of the upper line less that of the lower, V; zero without a knot in the span."""
    knot: Float[Array, ""]
    """Displayed charge at which they meet."""


def voltage_nearby(
    battery: BatteryModel, low: Float[Array, ""], high: Float[Array, ""]
) -> VoltageNearby:
    """The curve between two displayed charges less than a tenth of the cells' charge apart."""
    first, last = (battery.lower_buffer + battery.window * charge for charge in (low, high))
    knots = jnp.asarray(_KNOTS, low.dtype)
    bends = jnp.stack([*battery.bends, -sum(battery.bends)])
    below = jnp.where(knots <= first, bends, 0.0)
    inside = (knots > first) & (knots < last)
    slope = battery.voltage * jnp.sum(below)
    at_empty = battery.voltage * (battery.base - jnp.sum(below * knots))
    return VoltageNearby(
        at_zero=at_empty + slope * battery.lower_buffer,
        slope=slope * battery.window,
        bend=battery.voltage * battery.window * jnp.sum(jnp.where(inside, bends, 0.0)),
        knot=(jnp.sum(jnp.where(inside, knots, 0.0)) - battery.lower_buffer) / battery.window,
    )


def nearby_voltage(near: VoltageNearby, state_of_charge: Float[Array, ""]) -> Float[Array, ""]:
    """Open-circuit voltage at a displayed charge inside the span, V."""
    upper = near.bend * jnp.maximum(state_of_charge - near.knot, 0.0)
    return near.at_zero + near.slope * state_of_charge + upper


def current(
    battery: BatteryModel, open_circuit: Float[Array, ""], power: Float[Array, ""]
) -> Float[Array, ""]:
    """Current for a terminal power (positive: discharge), A."""
    root = open_circuit * open_circuit - 4.0 * battery.resistance * power
    floor = (1.0 - _POWER_MARGIN) * open_circuit * open_circuit
    return 2.0 * power / (open_circuit + jnp.sqrt(jnp.maximum(root, floor)))


def discharge_limit(battery: BatteryModel, open_circuit: Float[Array, ""]) -> Float[Array, ""]:
    """Highest terminal power, W: the stated limit or what the resistance allows."""
    physical = open_circuit * open_circuit / (4.0 * battery.resistance + 1e-9)
    return jnp.minimum(battery.discharge_power, _POWER_MARGIN * physical)


def charge_limit(battery: BatteryModel, state_of_charge: Float[Array, ""]) -> Float[Array, ""]:
    """Highest charge power at the terminals, W, fading to zero at a full battery."""
    room = jnp.clip((1.0 - state_of_charge) / battery.charge_taper, 0.0, 1.0)
    return battery.charge_power * room
