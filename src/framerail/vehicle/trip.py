"""Hours from A to B with stops to charge, for a distance, a speed, a trailer and the weather.

Stops are alike: each charges from the reserve by the same amount, which is just enough to arrive
at the destination with the reserve. The number of stops is the one with the least time: few long
stops end in the taper of a full battery, many short ones pay the detour again and again.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.numerics.outcome import flag
from framerail.quantities import Declared, Fraction, Kelvin, Meter, Second, Watt
from framerail.vehicle.battery_thermal import BatteryThermal
from framerail.vehicle.charging import charge
from framerail.vehicle.charging_inputs import ChargeSession, FastCharging, Station
from framerail.vehicle.cruise import cruise
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.outcomes import TRIP_NOT_POSSIBLE
from framerail.vehicle.weather import WindSpeed

MOST_STOPS = 30
"""Largest number of stops tried."""


class TripPlan(Declared):
    """A trip on highways."""

    distance: Meter
    """From A to B; see `MOST_STOPS`."""
    speed: WindSpeed
    """Speed held on the road."""
    start_charge: Fraction
    """Displayed charge at A."""
    reserve: Fraction
    """Displayed charge kept at every arrival."""
    highest_charge: Fraction
    """Displayed charge above which no stop charges."""
    stop_overhead: Second
    """Detour, parking and plugging in at each stop."""
    station_spacing: Meter
    """Distance between stations: a leg is shortened by half of it on average."""
    pack_temperature: Kelvin
    """Pack on arrival at a station, preconditioned or not."""
    climate_power: Watt
    """Electric load of cabin and pack on the road."""

    def faults(self) -> tuple[str, ...]:
        """Room to charge."""
        if float(self.highest_charge) <= float(self.reserve):
            return ("highest_charge must lie above reserve",)
        return ()


class Trip(eqx.Module):
    """A planned trip; times in s, energy in J."""

    duration: Float[Array, ""]
    """From A to B, s; without stops where none are needed."""
    driving: Float[Array, ""]
    """Time on the road, s."""
    charging: Float[Array, ""]
    """Time plugged in, s."""
    overhead: Float[Array, ""]
    """Detours, parking, plugging in, s."""
    stops: Int[Array, ""]
    """Number of stops."""
    charge_each: Float[Array, ""]
    """Displayed charge added at each stop."""
    reach: Float[Array, ""]
    """Distance from full to the reserve, m."""
    battery_energy: Float[Array, ""]
    """Energy out of the battery, J."""
    station_energy: Float[Array, ""]
    """Energy taken at stations, J."""
    mean_speed: Float[Array, ""]
    """Distance over duration, m/s."""
    outcome: Int[Array, ""]
    """Bits of `outcomes.OUTCOMES`."""


def trip(
    design: VehicleDesign,
    conditions: Conditions,
    fast: FastCharging,
    station: Station,
    pack: BatteryThermal,
    plan: TripPlan,
) -> Trip:
    """Plan the quickest trip with equal stops.

    Args:
        design: the vehicle, with trailer, payload and weather already in it (`weather`).
        conditions: air and road on the way.
        fast: how the vehicle takes direct current.
        station: the stations on the way.
        pack: heat of the pack.
        plan: distance, speed, charge at the start, reserve.

    Returns:
        Times, stops and energies; bit TRIP_NOT_POSSIBLE when no number of stops will do (the
        times are then those of the most stops).
    """
    dtype = design.mass.dtype
    conditions, fast, station, pack, plan = jax.tree.map(
        lambda leaf: leaf.astype(dtype), (conditions, fast, station, pack, plan)
    )
    one = jnp.ones_like(plan.speed)
    full = cruise(design, conditions, plan.speed, 0.0 * one, plan.climate_power, one, plan.reserve)
    per_meter = (one - plan.reserve) / full.reach
    need = plan.distance * per_meter - (plan.start_charge - plan.reserve)
    count = jnp.arange(MOST_STOPS + 1, dtype=dtype)
    # A stop in mid-leg cannot be placed exactly: half a spacing of charge is kept in hand.
    slack = 0.5 * plan.station_spacing * per_meter
    each = jnp.maximum(need, 0.0) / jnp.maximum(count, 1.0)
    room = plan.highest_charge - plan.reserve - slack
    possible = jnp.where(count > 0.0, each <= room, need <= 0.0)
    session = ChargeSession(
        plan.reserve, plan.highest_charge, plan.pack_temperature, conditions.air_temperature
    )
    curve = charge(design, fast, station, pack, session)
    # Time and energy over the charge added, from nothing.
    steps = jnp.arange(1, curve.charge.shape[0] + 1, dtype=dtype) / curve.charge.shape[0]
    added = _from_zero(steps * (plan.highest_charge - plan.reserve))
    spent = jnp.diff(_from_zero(curve.elapsed))
    time, energy = _from_zero(curve.elapsed), _from_zero(jnp.cumsum(curve.power * spent))
    plugged = count * jnp.interp(each, added, time)
    total = plugged + count * plan.stop_overhead
    best = jnp.argmin(jnp.where(possible, total, jnp.inf))
    stops = jnp.where(jnp.any(possible), best, MOST_STOPS).astype(jnp.int32)
    driving = plan.distance / plan.speed
    duration = driving + total[stops]
    return Trip(
        duration=duration,
        driving=driving,
        charging=plugged[stops],
        overhead=count[stops] * plan.stop_overhead,
        stops=stops,
        charge_each=jnp.where(stops > 0, each[stops], 0.0),
        reach=full.reach,
        battery_energy=full.terminal_power * driving,
        station_energy=count[stops] * jnp.interp(each[stops], added, energy),
        mean_speed=plan.distance / duration,
        outcome=full.outcome | flag(~jnp.any(possible), TRIP_NOT_POSSIBLE),
    )


def _from_zero(x: Float[Array, "step"]) -> Float[Array, "edge"]:
    """A running figure with its zero."""
    return jnp.concatenate([jnp.zeros((1,), x.dtype), x])
