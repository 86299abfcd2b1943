"""Charging: direct current with its limits and taper, alternating current from the wall.

A session is integrated over displayed charge (equal steps of charge, not of time), so it ends
exactly where it should. In each step the power is the least of what the station, the vehicle and
the cells take: station power, station current, the vehicle's peak, the cells' acceptance at this
charge and temperature, and the upper voltage limit. Acceptance falls with an Arrhenius law below
a reference temperature (lithium plating; Keyser et al., J. Power Sources 367 (2017) 228).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.vehicle.battery import battery_model, current, open_circuit_voltage
from framerail.vehicle.battery_thermal import BatteryThermal, active_cooling, heat_capacity
from framerail.vehicle.charging_inputs import ChargeSession, FastCharging, Station
from framerail.vehicle.design import Battery, Charger, VehicleDesign, usable_energy

CHARGE_LIMITS: tuple[str, ...] = (
    "station power",
    "station current",
    "vehicle peak power",
    "cell acceptance",
    "cell voltage",
)
"""What can limit a fast charge, in the order of `Charge.limit_share`."""

_STEPS = 160
_LEAST_POWER = 500.0
"""Least power taken at the terminals, W: caps the time of a session that the limits stop."""
_RAMP = 5.0
"""Kelvin over which heating and cooling of the pack come on."""


class Charge(eqx.Module):
    """One session on direct current; arrays run over equal steps of displayed charge."""

    duration: Float[Array, ""]
    """Time from start to target, s."""
    battery_energy: Float[Array, ""]
    """Energy into the battery terminals, J."""
    station_energy: Float[Array, ""]
    """Energy that the station delivers, with the vehicle's own load while charging, J."""
    grid_energy: Float[Array, ""]
    """Energy that the station draws, J."""
    battery_loss: Float[Array, ""]
    """Heat in the battery's resistance, J."""
    mean_power: Float[Array, ""]
    """Battery energy over time, W."""
    peak_power: Float[Array, ""]
    """Highest power at the battery terminals, W."""
    final_temperature: Float[Array, ""]
    """Pack temperature at the end, K."""
    limit_share: Float[Array, "limit"]
    """Share of the time that each of `CHARGE_LIMITS` sets the power."""
    charge: Float[Array, "step"]
    """Displayed charge in the middle of each step."""
    power: Float[Array, "step"]
    """Power at the battery terminals, W: the charging curve."""
    temperature: Float[Array, "step"]
    """Pack temperature after each step, K."""
    elapsed: Float[Array, "step"]
    """Time at the end of each step, s."""
    audit_residual: Float[Array, ""]
    """Station energy less what the cells stored, losses and own load, relative."""


class Demand(eqx.Module):
    """Power limits at one state of the pack."""

    power: Float[Array, ""]
    """At the battery terminals, W."""
    own: Float[Array, ""]
    """The vehicle's own load from the station, W."""
    heating: Float[Array, ""]
    """Heat that the pack's heater gives, W."""
    limit: Int[Array, ""]
    """Index into `CHARGE_LIMITS`."""


def acceptance_factor(fast: FastCharging, temperature: Float[Array, "..."]) -> Float[Array, "..."]:
    """Cell acceptance over that of a warm pack: Arrhenius below the reference, then one."""
    inverse = 1.0 / jnp.minimum(temperature, fast.reference_temperature)
    return jnp.exp(fast.activation_temperature * (1.0 / fast.reference_temperature - inverse))


def acceptance(
    fast: FastCharging, state_of_charge: Float[Array, ""], temperature: Float[Array, ""]
) -> Float[Array, ""]:
    """Power that the cells take over usable energy, 1/s, at a displayed charge."""
    points = jnp.stack(fast.acceptance.points())
    place = jnp.linspace(0.0, 1.0, points.shape[0], dtype=points.dtype)
    return jnp.interp(state_of_charge, place, points) * acceptance_factor(fast, temperature)


def fast_charge_power(
    design: VehicleDesign,
    fast: FastCharging,
    station: Station,
    state_of_charge: Float[Array, ""],
    temperature: Float[Array, ""],
) -> Demand:
    """Charge power at the battery terminals and what sets it."""
    battery = battery_model(design.battery)
    voltage = open_circuit_voltage(battery, state_of_charge)
    cold = jnp.clip((fast.reference_temperature - temperature) / _RAMP, 0.0, 1.0)
    heating = cold * fast.heater_power
    hot = jnp.clip((temperature - fast.cooling_temperature) / _RAMP, 0.0, 1.0)
    own = design.auxiliary_power + heating + hot * fast.cooling_load
    ceiling = design.battery.open_circuit.at_100 * design.battery.nominal_voltage
    ceiling = ceiling * fast.voltage_margin
    limit = jnp.minimum(ceiling, station.voltage)
    room = jnp.maximum(limit - voltage, 0.0) / jnp.maximum(battery.resistance, 1e-6)
    amperes = station.current
    options = jnp.stack(
        [
            station.power - own,
            amperes * (voltage + battery.resistance * amperes) - own,
            fast.peak_power,
            acceptance(fast, state_of_charge, temperature) * usable_energy(design.battery),
            limit * room,
        ]
    )
    least = jnp.maximum(jnp.min(options), _LEAST_POWER)
    return Demand(least, own, heating, jnp.argmin(options).astype(jnp.int32))


def charge(
    design: VehicleDesign,
    fast: FastCharging,
    station: Station,
    thermal: BatteryThermal,
    session: ChargeSession,
) -> Charge:
    """Charge on direct current from `session.start` to `session.target` of displayed charge.

    Args:
        design: the vehicle; its battery sets voltage, resistance and energy.
        fast: the vehicle's peak power and its cells' acceptance.
        station: power, current and voltage of the station.
        thermal: heat capacity and cooling of the pack.
        session: from where to where, pack and air temperature.

    Returns:
        Time, energies (J), the curve, and the share of time of each of `CHARGE_LIMITS`.
    """
    dtype = design.mass.dtype
    fast, station, thermal, session = jax.tree.map(
        lambda leaf: leaf.astype(dtype), (fast, station, thermal, session)
    )
    battery = battery_model(design.battery)
    capacity = heat_capacity(design.battery, thermal)
    width = (session.target - session.start) / _STEPS
    middle = session.start + width * (jnp.arange(_STEPS, dtype=dtype) + 0.5)

    def advance(temperature: Float[Array, ""], place: Float[Array, ""]) -> tuple:
        demand = fast_charge_power(design, fast, station, place, temperature)
        voltage = open_circuit_voltage(battery, place)
        amperes = -current(battery, voltage, -demand.power)
        seconds = battery.capacity * width / amperes
        loss = amperes * amperes * battery.resistance
        cooling, slope = active_cooling(thermal, temperature)
        passive = thermal.conductance * (temperature - session.air_temperature)
        heat = loss + demand.heating - passive - cooling
        # Implicit in the heat lost: long steps near a full pack stay stable.
        rise = seconds * heat / (capacity + seconds * (thermal.conductance + slope))
        warmer = temperature + rise
        return warmer, (
            seconds,
            demand.power,
            demand.own,
            loss,
            voltage * amperes,
            warmer,
            demand.limit,
        )

    end, steps = jax.lax.scan(advance, session.pack_temperature, middle)
    seconds, power, own, loss, stored, temperature, limit = steps
    duration, energy = jnp.sum(seconds), jnp.sum(power * seconds)
    lost, own_energy = jnp.sum(loss * seconds), jnp.sum(own * seconds)
    share = jax.nn.one_hot(limit, len(CHARGE_LIMITS), dtype=dtype).T @ seconds
    delivered = energy + own_energy
    books = delivered - jnp.sum(stored * seconds) - lost - own_energy
    return Charge(
        duration=duration,
        battery_energy=energy,
        station_energy=delivered,
        grid_energy=delivered / station.efficiency,
        battery_loss=lost,
        mean_power=energy / jnp.maximum(duration, 1e-9),
        peak_power=jnp.max(power),
        final_temperature=end,
        limit_share=share / jnp.maximum(duration, 1e-9),
        charge=middle,
        power=power,
        temperature=temperature,
        elapsed=jnp.cumsum(seconds),
        audit_residual=books / jnp.maximum(delivered, 1.0),
    )


def energy_after(session: Charge, seconds: Float[Array, ""]) -> Float[Array, ""]:
    """Energy into the battery in the first `seconds` of a session, J (all of it when longer)."""
    time = jnp.concatenate([jnp.zeros_like(session.elapsed[:1]), session.elapsed])
    steps = session.power * jnp.diff(time)
    energy = jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps)])
    return jnp.interp(seconds, time, energy)


def range_added(
    session: Charge, seconds: Float[Array, ""], consumption: Float[Array, ""]
) -> Float[Array, ""]:
    """Distance added in the first `seconds` at `consumption` (J/m at the battery), m."""
    return energy_after(session, seconds) / consumption


def charge_from_wall(
    battery: Battery, charger: Charger, start: Float[Array, ""], target: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Time (s) and energy from the wall (J) on the on-board charger between displayed charges.

    Constant power: the current of a 6-20 kW charger is far below every limit of the pack but the
    last few percent, which the efficiency of a full recharge (SAE J1634) already holds.
    """
    wall = usable_energy(battery) * (target - start) / charger.charge_efficiency
    return wall / charger.ac_power, wall
