"""Longitudinal simulation of a drive cycle: where every joule goes.

One step of the cycle at a time (1 Hz for the regulatory cycles), at the step's mean speed, so that
the work of inertia is exactly the change of kinetic energy. The vehicle follows the trace as far
as tires, machines and battery allow; what it misses is reported. Energy drawn from the
cells equals the sum of all uses: `audit_residual` is the relative difference.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from equinox.internal import unvmap_any
from jaxtyping import Array, Bool, Float, Int

from framerail.numerics.outcome import flag
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.drive_step import SPEED_TOLERANCE, Flows, State, Wanted, step, wanted_of
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.machine_thermal import (
    HeatModel,
    MachineThermal,
    derated,
    heat_model,
    warmed,
)
from framerail.vehicle.outcomes import BATTERY_EMPTY, TRACE_MISSED
from framerail.vehicle.powertrain import Powertrain, powertrain
from framerail.vehicle.trace_following import follow_chunk


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


def _drive_chunk(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted
) -> tuple[State, Flows]:
    """Drive a chunk, on the trace or, where any limit binds, step by step. Sums of powers."""
    advance = _one_step(train, time_step)

    def step_by_step() -> tuple[State, Flows]:
        return jax.lax.scan(jax.checkpoint(advance), (start, _nothing(chunk.speed)), chunk)[0]

    end, sums, bound = follow_chunk(train, time_step, start, chunk)
    # One branch for the whole batch: a choice for each design would run both ways always.
    return jax.lax.cond(unvmap_any(bound), step_by_step, lambda: (end, sums))


_Driven = tuple[State, Flows]


def _one_step(
    train: Powertrain, time_step: Float[Array, ""]
) -> Callable[[_Driven, Wanted], tuple[_Driven, None]]:
    def advance(carry: _Driven, now: Wanted) -> tuple[_Driven, None]:
        state, totals = carry
        state, flows = step(train, time_step, state, now)
        return (state, jax.tree.map(jnp.add, totals, flows)), None

    return advance


def _nothing(like: Float[Array, "..."]) -> Flows:
    zero = jnp.zeros((), like.dtype)
    return Flows(*(zero for _ in Flows.__dataclass_fields__))


def _chunk_length(steps: int) -> int:
    """A divisor of `steps` near its square root, else the root itself."""
    root = math.isqrt(steps)
    for width in range(root // 2 + 1):
        for candidate in (root - width, root + width):
            if candidate > 0 and steps % candidate == 0:
                return candidate
    return max(root, 1)


def prepared(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions
) -> tuple[Powertrain, DriveCycle, State]:
    """Everything in the design's float type, and the state at the start."""
    dtype = design.mass.dtype
    cycle, conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), (cycle, conditions))
    state = State(cycle.speed[0], conditions.state_of_charge, jnp.zeros((), dtype))
    return powertrain(design, conditions), cycle, state


def simulate_energy(
    design: VehicleDesign,
    cycle: DriveCycle,
    conditions: Conditions,
    *,
    stepwise: bool = False,
    thermal: MachineThermal | None = None,
) -> EnergyUse:
    """Drive `cycle` and account for every joule.

    The float type is the design's. Reverse gradients are cheap: the scan over time is
    rematerialized in chunks of about the square root of its length (not `stepwise`: there it
    keeps every step). Use `jax.vmap` for a batch.

    Args:
        design: the vehicle, SI.
        cycle: the speed trace, m/s.
        conditions: air, road and state of charge at the start.
        stepwise: drive every step by the full model: the same figures at half the speed, with
            half as much to compile. Otherwise chunks in which no limit binds are driven at once.
        thermal: heat of the machines, which start rested and derate when hot: for climbs and
            trailers, stepwise. `simulate_hot` also gives temperatures.

    Returns:
        Energies in J; `outcome` holds bits of `OUTCOMES`.
    """
    train, cycle, start = prepared(design, cycle, conditions)
    if thermal is None:
        end, sums = (_step_by_step if stepwise else _by_chunks)(train, cycle, start)
    else:
        air = conditions.air_temperature
        given = jax.tree.map(lambda leaf: leaf.astype(design.mass.dtype), (thermal, air))
        heat = heat_model(train, *given)
        (end, sums), _ = drive_hot(train, cycle, start, heat, heat.coolant)
    return energy_use(train, cycle, start, end, sums)


def _step_by_step(train: Powertrain, cycle: DriveCycle, start: State) -> _Driven:
    advance = _one_step(train, cycle.time_step)
    return jax.lax.scan(advance, (start, _nothing(cycle.speed)), wanted_of(cycle))[0]


class _Turn(NamedTuple):
    """A step of several cycles driven in turn."""

    wanted: Wanted
    time_step: Float[Array, "..."]
    first: Bool[Array, "..."]
    """Whether its cycle starts with it."""
    of: Float[Array, "... cycle"]
    """One for the cycle that it belongs to."""


def simulate_in_turn(
    design: VehicleDesign, cycles: Sequence[DriveCycle], conditions: Conditions
) -> tuple[EnergyUse, ...]:
    """`simulate_energy` stepwise on every cycle, each begun with the charge of the conditions.

    One loop drives them all, so that the step is traced and compiled once.
    """
    dtype, count = design.mass.dtype, len(cycles)
    cycles, conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), (tuple(cycles), conditions))
    train, zero = powertrain(design, conditions), jnp.zeros((), dtype)
    starts = [State(cycle.speed[0], conditions.state_of_charge, zero) for cycle in cycles]
    turns = jax.tree.map(
        lambda *each: jnp.concatenate(each),
        *(_turn(cycle, place, count) for place, cycle in enumerate(cycles)),
    )

    def advance(carry: tuple, now: _Turn) -> tuple[tuple, None]:
        state, ends, totals = carry
        fresh = State(now.wanted.before, conditions.state_of_charge, zero)
        state = jax.tree.map(lambda new, old: jnp.where(now.first, new, old), fresh, state)
        state, flows = step(train, now.time_step, state, now.wanted)
        totals = jax.tree.map(lambda total, flow: total + now.of * flow, totals, flows)
        ends = jax.tree.map(lambda end, here: jnp.where(now.of > 0, here, end), ends, state)
        return (state, ends, totals), None

    ends, totals = jax.tree.map(
        lambda leaf: jnp.zeros((count,), dtype) + leaf, (starts[0], _nothing(zero))
    )
    (_, ends, totals), _ = jax.lax.scan(advance, (starts[0], ends, totals), turns)
    each = [jax.tree.map(operator.itemgetter(place), (ends, totals)) for place in range(count)]
    return tuple(
        energy_use(train, cycle, start, *driven)
        for cycle, start, driven in zip(cycles, starts, each, strict=True)
    )


def _turn(cycle: DriveCycle, place: int, count: int) -> _Turn:
    wanted = wanted_of(cycle)
    steps = wanted.speed.shape[0]
    return _Turn(
        wanted=wanted,
        time_step=jnp.full((steps,), cycle.time_step),
        first=jnp.arange(steps) == 0,
        of=jnp.zeros((steps, count), cycle.speed.dtype).at[:, place].set(1.0),
    )


class HeatTrace(eqx.Module):
    """Each step of a drive with machines that warm."""

    speed: Float[Array, "..."]
    """At its end, m/s."""
    temperature: Float[Array, "..."]
    """At its end, K."""
    removed: Float[Array, "..."]
    """Heat carried off during it, J."""


def drive_hot(
    train: Powertrain,
    cycle: DriveCycle,
    start: State,
    heat: HeatModel,
    temperature: Float[Array, ""],
) -> tuple[_Driven, HeatTrace]:
    """Drive every step with what the machines may give at their temperature of the moment."""

    def advance(carry: tuple, now: Wanted) -> tuple[tuple, HeatTrace]:
        state, totals, warmth = carry
        speed = 0.5 * (state.speed + jnp.minimum(now.speed, train.top_speed))
        able = derated(train, heat, speed, warmth)
        state, flows = step(able, cycle.time_step, state, now)
        warmth, removed = warmed(heat, warmth, flows.machine_loss, cycle.time_step)
        totals = jax.tree.map(jnp.add, totals, flows)
        return (state, totals, warmth), HeatTrace(state.speed, warmth, removed)

    carry = (start, _nothing(cycle.speed), temperature)
    (end, sums, _), trace = jax.lax.scan(advance, carry, wanted_of(cycle))
    return (end, sums), trace


def _by_chunks(train: Powertrain, cycle: DriveCycle, start: State) -> _Driven:
    wanted = wanted_of(cycle)

    @jax.checkpoint
    def advance(carry: _Driven, chunk: Wanted) -> tuple[_Driven, None]:
        state, totals = carry
        state, sums = _drive_chunk(train, cycle.time_step, state, chunk)
        return (state, jax.tree.map(jnp.add, totals, sums)), None

    steps = cycle.speed.shape[0] - 1
    length = _chunk_length(steps)
    whole = steps - steps % length
    chunks = jax.tree.map(lambda x: x[:whole].reshape(-1, length), wanted)
    carry, _ = jax.lax.scan(advance, (start, _nothing(cycle.speed)), chunks)
    if whole < steps:
        carry, _ = advance(carry, jax.tree.map(lambda x: x[whole:], wanted))
    return carry


def simulate_trace(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions
) -> tuple[State, Flows]:
    """Every step's state and powers (arrays over `time` less one), for figures and checks."""
    train, cycle, start = prepared(design, cycle, conditions)

    def advance(state: State, now: Wanted) -> tuple[State, tuple[State, Flows]]:
        state, flows = step(train, cycle.time_step, state, now)
        return state, (state, flows)

    return jax.lax.scan(advance, start, wanted_of(cycle))[1]


def energy_use(
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
