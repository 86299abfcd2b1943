"""Longitudinal simulation of a drive cycle: where every joule goes.

One step of the cycle at a time (1 Hz for the regulatory cycles), at the step's mean speed, so that
the work of inertia is exactly the change of kinetic energy. The vehicle follows the trace as far
as tires, machines and battery allow; what it misses is reported. Energy drawn from the
cells equals the sum of all uses: `audit_residual` is the relative difference.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from equinox.internal import unvmap_any
from jaxtyping import Array, Bool, Float, Int

from framerail.numerics.outcome import flag
from framerail.vehicle.battery import current
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.electric_machine import axle_flow
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.outcomes import BATTERY_EMPTY, TRACE_MISSED
from framerail.vehicle.powertrain import (
    DriveLimits,
    Powertrain,
    axle_duty,
    battery_suffices,
    drive_limits,
    front_share,
    open_circuit,
    powertrain,
    regeneration_limit,
)
from framerail.vehicle.road_load import climbing_force, drag_force, resisting_force

CHARGE_SPAN = 0.02
"""Change of displayed charge within which a chunk is driven at once (two minutes at 0.6 per h)."""
SPEED_TOLERANCE = 2.0 * 0.44704
"""Allowed departure from the trace, m/s (40 CFR 1066.425: 2.0 mph)."""


class EnergyUse(eqx.Module):
    """Where the energy of one drive cycle went. Energies in J, positive as spent."""

    constant_resistance: Float[Array, ""]
    """Rolling resistance (coefficient A)."""
    linear_resistance: Float[Array, ""]
    """Resistance in proportion to speed (coefficient B)."""
    quadratic_resistance: Float[Array, ""]
    """Air drag (coefficient C, or drag area)."""
    climb: Float[Array, ""]
    """Gain of potential energy."""
    kinetic_change: Float[Array, ""]
    """Gain of kinetic energy, rotating parts included."""
    friction_brakes: Float[Array, ""]
    """Heat in the friction brakes."""
    gear_loss: Float[Array, ""]
    """Load-dependent loss of the gears."""
    spin_loss: Float[Array, ""]
    """Drag of gears and unpowered machines, where the road load does not hold it."""
    machine_loss: Float[Array, ""]
    """Machines and inverters."""
    auxiliary: Float[Array, ""]
    """Steady load."""
    battery_loss: Float[Array, ""]
    """Heat in the battery's resistance."""
    terminal_energy: Float[Array, ""]
    """Net energy out of the battery terminals (what a certification test calls DC energy)."""
    chemical_energy: Float[Array, ""]
    """Net energy out of the cells."""
    traction: Float[Array, ""]
    """Work of the wheels while driving."""
    regenerated: Float[Array, ""]
    """Work taken back at the wheels by regeneration."""
    distance: Float[Array, ""]
    """Distance driven, m."""
    final_speed: Float[Array, ""]
    """Speed at the end, m/s."""
    final_state_of_charge: Float[Array, ""]
    """Displayed state of charge at the end."""
    trace_miss_rms: Float[Array, ""]
    """Root mean square of trace speed less achieved speed, m/s."""
    trace_miss_max: Float[Array, ""]
    """Largest shortfall, m/s."""
    seconds_missed: Float[Array, ""]
    """Time more than `SPEED_TOLERANCE` below the trace, s."""
    audit_residual: Float[Array, ""]
    """Chemical energy less all uses, over the energy moved."""
    outcome: Int[Array, ""]
    """Bits of `outcomes.OUTCOMES`."""


class Flows(eqx.Module):
    """Powers (W) and speeds (m/s) during one step, or their sums over time."""

    speed: Float[Array, "..."]
    """Mean speed of the step, m/s."""
    squared_speed: Float[Array, "..."]
    """Mean speed squared, m^2/s^2."""
    drag: Float[Array, "..."]
    """Air drag (coefficient C, or drag area)."""
    climb: Float[Array, "..."]
    """Gain of potential energy."""
    friction_brakes: Float[Array, "..."]
    """Heat in the friction brakes."""
    gear_loss: Float[Array, "..."]
    """Load-dependent loss of the gears."""
    spin_loss: Float[Array, "..."]
    """Drag of gears and unpowered machines."""
    machine_loss: Float[Array, "..."]
    """Machines and inverters."""
    battery_loss: Float[Array, "..."]
    """Heat in the battery's resistance."""
    terminal: Float[Array, "..."]
    """Out of the battery terminals."""
    chemical: Float[Array, "..."]
    """Out of the cells."""
    traction: Float[Array, "..."]
    """Work of the wheels while driving."""
    regenerated: Float[Array, "..."]
    """Work taken back at the wheels."""
    squared_miss: Float[Array, "..."]
    """Squared departure from the trace, m^2/s^2."""
    missing: Float[Array, "..."]
    """One while the trace is missed by more than the tolerance."""


class State(eqx.Module):
    """What a step hands to the next."""

    speed: Float[Array, ""]
    state_of_charge: Float[Array, ""]
    largest_miss: Float[Array, ""]


class Wanted(eqx.Module):
    """What the cycle asks of a step, or of every step."""

    before: Float[Array, "..."]
    """Trace speed at the start, m/s."""
    speed: Float[Array, "..."]
    """Trace speed at the end, m/s."""
    grade: Float[Array, "..."]
    """Rise over run."""


def _wanted(cycle: DriveCycle) -> Wanted:
    return Wanted(cycle.speed[:-1], cycle.speed[1:], cycle.grade[1:])


class AxlePowers(eqx.Module):
    """What one step asks of the axles, W. Names as in `Flows`."""

    friction_brakes: Float[Array, "..."]
    gear_loss: Float[Array, "..."]
    spin_loss: Float[Array, "..."]
    machine_loss: Float[Array, "..."]
    traction: Float[Array, "..."]
    regenerated: Float[Array, "..."]
    terminal: Float[Array, "..."]


def _axle_powers(
    train: Powertrain,
    limits: DriveLimits,
    share: Float[Array, ""],
    speed: Float[Array, ""],
    force: Float[Array, ""],
    taken: Float[Array, ""],
) -> AxlePowers:
    """Powers at a speed and a wheel force, with at most the force `taken` regenerated."""
    machines = jnp.maximum(force, -jnp.minimum(taken, _braking_asked(train, force)))
    duty = axle_duty(train, machines, speed, share, limits)
    front = axle_flow(train.front, duty.front_force, speed, duty.front_awake)
    rear = axle_flow(train.rear, duty.rear_force, speed, duty.rear_awake)
    return AxlePowers(
        friction_brakes=(machines - force) * speed,
        gear_loss=front.gear_loss + rear.gear_loss,
        spin_loss=front.spin_loss + rear.spin_loss,
        machine_loss=front.machine_loss + rear.machine_loss,
        traction=jnp.maximum(machines, 0.0) * speed,
        regenerated=jnp.maximum(-machines, 0.0) * speed,
        terminal=front.electric + rear.electric + train.auxiliary,
    )


def _braking_asked(train: Powertrain, force: Float[Array, ""]) -> Float[Array, ""]:
    return train.regeneration.capture * jnp.abs(force)


def _step(train: Powertrain, time_step: Float[Array, ""], state: State, wanted: Wanted) -> tuple:
    """Advance one step as far towards the wanted speed as the limits allow: `State`, `Flows`."""
    target = jnp.minimum(wanted.speed, train.top_speed)
    wish = (target - state.speed) / time_step
    mean = 0.5 * (state.speed + target)
    share = front_share(train, mean)
    voltage = open_circuit(train, state.state_of_charge)
    limits = drive_limits(train, mean, wish, voltage, share)

    wished_force = train.inertia * wish + resisting_force(train.road, mean, wanted.grade)
    short = jnp.maximum(wished_force - limits.drive, 0.0)
    skid = jnp.maximum(-wished_force - (train.front_grip + train.rear_grip), 0.0)
    reached = jnp.maximum(target + (skid - short) * time_step / train.inertia, 0.0)

    speed = 0.5 * (state.speed + reached)
    acceleration = (reached - state.speed) / time_step
    force = train.inertia * acceleration + resisting_force(train.road, speed, wanted.grade)
    taken = regeneration_limit(train, limits, speed, state.state_of_charge)
    axles = _axle_powers(train, limits, share, speed, force, taken)
    amperes = current(train.battery, voltage, axles.terminal)

    miss = jnp.maximum(wanted.speed - reached, 0.0)
    flows = Flows(
        speed=speed,
        squared_speed=speed * speed,
        drag=drag_force(train.road, speed) * speed,
        climb=climbing_force(train.road, wanted.grade) * speed,
        friction_brakes=axles.friction_brakes,
        gear_loss=axles.gear_loss,
        spin_loss=axles.spin_loss,
        machine_loss=axles.machine_loss,
        battery_loss=amperes * amperes * train.battery.resistance,
        terminal=axles.terminal,
        chemical=voltage * amperes,
        traction=axles.traction,
        regenerated=axles.regenerated,
        squared_miss=(wanted.speed - reached) ** 2,
        missing=jnp.where(miss > SPEED_TOLERANCE, jnp.ones_like(miss), jnp.zeros_like(miss)),
    )
    charge = state.state_of_charge - amperes * time_step / train.battery.capacity
    return State(reached, charge, jnp.maximum(state.largest_miss, miss)), flows


class Followed(eqx.Module):
    """A chunk driven on the trace, before the battery's part. Sums of powers, W."""

    friction_brakes: Float[Array, ""]
    gear_loss: Float[Array, ""]
    traction: Float[Array, ""]
    regenerated: Float[Array, ""]
    bound: Bool[Array, ""]
    """A limit binds in some step, so the sums do not hold."""


def _follow_axles(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted
) -> tuple[Followed, Float[Array, "time"]]:
    """Drive the axles on the trace: sums, and the terminal power of each step, W.

    No step depends on the last, and all that follows from speed alone is worked out once for a
    batch. What the battery allows is taken at both ends of `CHARGE_SPAN` around the charge at the
    start; where that makes a difference the chunk counts as bound.
    """
    low, high = start.state_of_charge - CHARGE_SPAN, start.state_of_charge + CHARGE_SPAN
    lowest = open_circuit(train, low)

    def follow(sums: Followed, now: Wanted) -> tuple[Followed, Float[Array, ""]]:
        rise = (now.speed - now.before) / time_step
        mean = 0.5 * (now.before + now.speed)
        force = train.inertia * rise + resisting_force(train.road, mean, now.grade)
        share = front_share(train, mean)
        limits = drive_limits(train, mean, rise, lowest, share)
        least = regeneration_limit(train, limits, mean, high)
        most = regeneration_limit(train, limits, mean, low)
        bound = (
            (force > limits.front + limits.rear)
            | ~battery_suffices(train, mean, lowest, force)
            | (-force > train.front_grip + train.rear_grip)
            | (now.speed > train.top_speed)
            | ((least < most) & (_braking_asked(train, force) > least) & (force < 0.0))
        )
        axles = _axle_powers(train, limits, share, mean, force, least)
        more = Followed(
            sums.friction_brakes + axles.friction_brakes,
            sums.gear_loss + axles.gear_loss,
            sums.traction + axles.traction,
            sums.regenerated + axles.regenerated,
            sums.bound | bound,
        )
        return more, axles.terminal

    zero = jnp.zeros((), chunk.speed.dtype)
    nothing = Followed(zero, zero, zero, zero, start.speed != chunk.before[0])
    return jax.lax.scan(jax.checkpoint(follow), nothing, chunk)


def _follow_battery(
    train: Powertrain,
    time_step: Float[Array, ""],
    charge: Float[Array, ""],
    terminal: Float[Array, "time"],
) -> tuple[Float[Array, ""], tuple[Float[Array, "time"], ...]]:
    """State of charge at the end; charge, voltage and current of each step."""
    per_ampere = time_step / train.battery.capacity

    def draw(charge: Float[Array, ""], power: Float[Array, ""]) -> tuple:
        voltage = open_circuit(train, charge)
        amperes = current(train.battery, voltage, power)
        after = charge - amperes * per_ampere
        return after, (after, voltage, amperes)

    return jax.lax.scan(jax.checkpoint(draw), charge, terminal)


def _follow_chunk(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted
) -> tuple[State, Flows, Bool[Array, ""]]:
    """Drive a chunk on the trace: what `_step` gives where no limit binds, and whether one does."""
    followed, terminal = _follow_axles(train, time_step, start, chunk)
    end, (charge, voltage, amperes) = _follow_battery(
        train, time_step, start.state_of_charge, terminal
    )
    outside = jnp.max(jnp.abs(charge - start.state_of_charge)) > CHARGE_SPAN
    mean = 0.5 * (chunk.before + chunk.speed)
    air, zero = mean + train.road.headwind, jnp.zeros((), mean.dtype)
    slope = chunk.grade / jnp.sqrt(1.0 + chunk.grade * chunk.grade)
    drawn, spin = jnp.sum(terminal), _spin_drag(train) * jnp.sum(mean)
    wheels = followed.traction - followed.regenerated
    sums = Flows(
        speed=jnp.sum(mean),
        squared_speed=jnp.sum(mean * mean),
        drag=train.road.quadratic * jnp.sum(air * jnp.abs(air) * mean),
        climb=train.road.weight * jnp.sum(slope * mean),
        friction_brakes=followed.friction_brakes,
        gear_loss=followed.gear_loss,
        spin_loss=spin,
        # Electric power less shaft power, summed over the chunk.
        machine_loss=drawn - train.auxiliary * len(mean) - wheels - followed.gear_loss - spin,
        battery_loss=jnp.sum(amperes * amperes) * train.battery.resistance,
        terminal=drawn,
        chemical=jnp.sum(voltage * amperes),
        traction=followed.traction,
        regenerated=followed.regenerated,
        squared_miss=zero,
        missing=zero,
    )
    return State(chunk.speed[-1], end, start.largest_miss), sums, followed.bound | outside


def _spin_drag(train: Powertrain) -> Float[Array, ""]:
    return train.front.spin_drag + train.rear.spin_drag


def _drive_chunk(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted, stepwise: bool
) -> tuple[State, Flows]:
    """Drive a chunk, on the trace or, where any limit binds, step by step. Sums of powers."""

    def advance(carry: tuple[State, Flows], now: Wanted) -> tuple[tuple[State, Flows], None]:
        state, totals = carry
        state, flows = _step(train, time_step, state, now)
        return (state, jax.tree.map(jnp.add, totals, flows)), None

    def step_by_step() -> tuple[State, Flows]:
        zero = jnp.zeros((), chunk.speed.dtype)
        nothing = Flows(*(zero for _ in Flows.__dataclass_fields__))
        return jax.lax.scan(jax.checkpoint(advance), (start, nothing), chunk)[0]

    if stepwise:
        return step_by_step()
    end, sums, bound = _follow_chunk(train, time_step, start, chunk)
    # One branch for the whole batch: a choice for each design would run both ways always.
    return jax.lax.cond(unvmap_any(bound), step_by_step, lambda: (end, sums))


def _chunk_length(steps: int) -> int:
    """A divisor of `steps` near its square root, else the root itself."""
    root = math.isqrt(steps)
    for width in range(root // 2 + 1):
        for candidate in (root - width, root + width):
            if candidate > 0 and steps % candidate == 0:
                return candidate
    return max(root, 1)


def _prepared(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions
) -> tuple[Powertrain, DriveCycle, State]:
    """Everything in the design's float type, and the state at the start."""
    dtype = design.mass.dtype
    cycle, conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), (cycle, conditions))
    state = State(cycle.speed[0], conditions.state_of_charge, jnp.zeros((), dtype))
    return powertrain(design, conditions), cycle, state


def simulate_energy(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions, *, stepwise: bool = False
) -> EnergyUse:
    """Drive `cycle` and account for every joule.

    The float type is the design's. Reverse gradients are cheap: the scan over time is
    rematerialized in chunks of about the square root of its length. Use `jax.vmap` for a batch.

    Args:
        design: the vehicle, SI.
        cycle: the speed trace, m/s.
        conditions: air, road and state of charge at the start.
        stepwise: drive every step by the full model: the same figures at half the speed, with
            half as much to compile. Otherwise chunks in which no limit binds are driven at once.

    Returns:
        Energies in J; `outcome` holds bits of `OUTCOMES`.
    """
    train, cycle, start = _prepared(design, cycle, conditions)
    wanted = _wanted(cycle)

    @jax.checkpoint
    def advance(carry: tuple[State, Flows], chunk: Wanted) -> tuple[tuple[State, Flows], None]:
        state, totals = carry
        state, sums = _drive_chunk(train, cycle.time_step, state, chunk, stepwise)
        return (state, jax.tree.map(jnp.add, totals, sums)), None

    zero = jnp.zeros_like(design.mass)
    carry = (start, Flows(*(zero for _ in Flows.__dataclass_fields__)))
    steps = cycle.speed.shape[0] - 1
    length = _chunk_length(steps)
    whole = steps - steps % length
    chunks = jax.tree.map(lambda x: x[:whole].reshape(-1, length), wanted)
    carry, _ = jax.lax.scan(advance, carry, chunks)
    if whole < steps:
        carry, _ = advance(carry, jax.tree.map(lambda x: x[whole:], wanted))
    end, sums = carry
    return _energy_use(train, cycle, start, end, sums)


def simulate_trace(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions
) -> tuple[State, Flows]:
    """Every step's state and powers (arrays over `time` less one), for figures and checks."""
    train, cycle, start = _prepared(design, cycle, conditions)

    def advance(state: State, now: Wanted) -> tuple[State, tuple[State, Flows]]:
        state, flows = _step(train, cycle.time_step, state, now)
        return state, (state, flows)

    return jax.lax.scan(advance, start, _wanted(cycle))[1]


def _energy_use(
    train: Powertrain, cycle: DriveCycle, start: State, end: State, sums: Flows
) -> EnergyUse:
    """Sums of powers turned into energies, with the audit."""
    time_step = cycle.time_step
    total = jax.tree.map(lambda power: power * time_step, sums)
    duration = (cycle.speed.shape[0] - 1) * time_step
    kinetic = 0.5 * train.inertia * (end.speed**2 - start.speed**2)
    constant = train.road.constant * total.speed
    linear = train.road.linear * total.squared_speed
    auxiliary = train.auxiliary * duration
    losses = total.gear_loss + total.spin_loss + total.machine_loss + total.battery_loss
    uses = constant + linear + total.drag + total.climb + kinetic + total.friction_brakes
    moved = total.traction + total.regenerated + auxiliary + losses
    return EnergyUse(
        constant_resistance=constant,
        linear_resistance=linear,
        quadratic_resistance=total.drag,
        climb=total.climb,
        kinetic_change=kinetic,
        friction_brakes=total.friction_brakes,
        gear_loss=total.gear_loss,
        spin_loss=total.spin_loss,
        machine_loss=total.machine_loss,
        auxiliary=auxiliary,
        battery_loss=total.battery_loss,
        terminal_energy=total.terminal,
        chemical_energy=total.chemical,
        traction=total.traction,
        regenerated=total.regenerated,
        distance=total.speed,
        final_speed=end.speed,
        final_state_of_charge=end.state_of_charge,
        trace_miss_rms=_root(total.squared_miss / duration),
        trace_miss_max=end.largest_miss,
        seconds_missed=total.missing,
        audit_residual=(total.chemical - uses - losses - auxiliary) / (moved + 1.0),
        outcome=flag(end.largest_miss > SPEED_TOLERANCE, TRACE_MISSED)
        | flag(end.state_of_charge < 0.0, BATTERY_EMPTY),
    )


def _root(x: Float[Array, ""]) -> Float[Array, ""]:
    """Square root with a zero gradient at zero."""
    positive = x > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1.0)), 0.0)
