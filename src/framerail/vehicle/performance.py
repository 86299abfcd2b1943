"""Full-throttle performance: acceleration, top speed, gradeability, and what limits each.

Time and distance are integrals over speed, t = int m dv / F(v) and s = int m v dv / F(v), on a
fixed grid: smooth, differentiable, and without a search. Standing start, no rollout deducted,
no shift and no torque ramp.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.numerics.outcome import flag
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.outcomes import SIXTY_NOT_REACHED
from framerail.vehicle.powertrain import (
    DriveLimits,
    Powertrain,
    drive_limits,
    front_share,
    open_circuit,
    powertrain,
)
from framerail.vehicle.road_load import resisting_force

SIXTY_MPH = 60 * 0.44704
CRUISE_SPEED = 65 * 0.44704
"""Speed at which gradeability is stated beside the launch, m/s (65 mph)."""
QUARTER_MILE = 402.336
FOOT = 0.3048
LIMITING_COMPONENTS: tuple[str, ...] = (
    "tires",
    "machine torque",
    "machine power",
    "battery",
    "speed governor",
)
"""What can limit a figure; only the top speed is ever limited by the governor."""
_GOVERNOR = 4

_GRID = 640
_FASTEST = 100.0
"""End of the speed grid, m/s."""
_SLOWEST_GAIN = 0.01
"""Least acceleration taken in the integrals, m/s^2: caps the times of a vehicle that stalls."""


class Performance(eqx.Module):
    """Full-throttle figures, SI."""

    zero_to_sixty: Float[Array, ""]
    """Time from rest to 60 mph, s; a finite cap when 60 mph is out of reach."""
    rollout: Float[Array, ""]
    """Time over the first foot, s: United States magazines deduct it from 0-60 mph."""
    quarter_mile: Float[Array, ""]
    """Time over a quarter mile from rest, s."""
    quarter_mile_speed: Float[Array, ""]
    """Speed at the end of the quarter mile, m/s."""
    top_speed: Float[Array, ""]
    """Highest steady speed on the level, m/s: governed, or where drive and resistance meet."""
    launch_grade: Float[Array, ""]
    """Steepest grade climbed from rest, rise over run."""
    cruise_grade: Float[Array, ""]
    """Steepest grade held at 65 mph, rise over run; negative when 65 mph is out of reach."""
    limit_share: Float[Array, "component"]
    """Share of the 0-60 mph time limited by each of `LIMITING_COMPONENTS`."""
    limiting_component: Int[Array, ""]
    """The component with the largest share."""
    quarter_mile_limit: Int[Array, ""]
    """Index into `LIMITING_COMPONENTS` of the largest share of the quarter-mile time."""
    top_speed_limit: Int[Array, ""]
    """Index of what limits the top speed."""
    launch_limit: Int[Array, ""]
    """Index of what limits the launch grade."""
    cruise_limit: Int[Array, ""]
    """Index of what limits the grade at 65 mph."""
    outcome: Int[Array, ""]
    """Bits of `outcomes.OUTCOMES`."""


class FullThrottle(eqx.Module):
    """Full throttle over a grid of speeds."""

    edges: Float[Array, "edge"]
    """Speeds, m/s, from rest."""
    middle: Float[Array, "speed"]
    """Middle of each interval of speed, m/s."""
    net: Float[Array, "speed"]
    """Drive force less resistance on the level, N."""
    seconds: Float[Array, "speed"]
    """Time over each interval, s."""
    meters: Float[Array, "speed"]
    """Distance over each interval, m."""
    limiting: Int[Array, "speed"]
    """Index into `LIMITING_COMPONENTS`."""


def full_throttle(train: Powertrain, charge: Float[Array, ""]) -> FullThrottle:
    """Force, time and distance over the speed grid at a displayed charge."""
    dtype = train.mass.dtype
    edges = jnp.linspace(0.0, _FASTEST, _GRID + 1, dtype=dtype)
    middle = 0.5 * (edges[1:] + edges[:-1])
    limits = jax.vmap(lambda v: limits_at_full_throttle(train, v, charge))(middle)
    level = jnp.zeros((), dtype)
    net = limits.drive - jax.vmap(lambda v: resisting_force(train.road, v, level))(middle)
    seconds = (edges[1] - edges[0]) / jnp.maximum(net / train.inertia, _SLOWEST_GAIN)
    limiting = jax.vmap(lambda v, lim: _limiting(train, v, lim))(middle, limits)
    return FullThrottle(edges, middle, net, seconds, middle * seconds, limiting)


def time_between(
    run: FullThrottle, start: Float[Array, ""] | float, end: Float[Array, ""] | float
) -> Float[Array, ""]:
    """Time at full throttle from one speed (m/s) to another, s."""
    width = run.edges[1] - run.edges[0]
    low = jnp.clip((start - run.edges[:-1]) / width, 0.0, 1.0)
    high = jnp.clip((end - run.edges[:-1]) / width, 0.0, 1.0)
    return jnp.sum((high - low) * run.seconds)


def spare_force(run: FullThrottle, speed: Float[Array, ""] | float) -> Float[Array, ""]:
    """Drive force less level resistance at a speed (m/s), N."""
    return jnp.interp(jnp.asarray(speed, run.middle.dtype), run.middle, run.net)


def limit_at(run: FullThrottle, speed: Float[Array, ""] | float) -> Int[Array, ""]:
    """Index into `LIMITING_COMPONENTS` at a speed (m/s)."""
    place = jnp.searchsorted(run.edges, jnp.asarray(speed, run.edges.dtype), side="right") - 1
    return run.limiting[jnp.clip(place, 0, run.limiting.shape[0] - 1)]


def limits_at_full_throttle(
    train: Powertrain, speed: Float[Array, ""], charge: Float[Array, ""]
) -> DriveLimits:
    """Drive limits at full throttle, with the load transfer of the acceleration they give."""
    share, voltage = front_share(train, speed), open_circuit(train, charge)
    level = jnp.zeros_like(speed)

    def limits_at(gain: Float[Array, ""]) -> DriveLimits:
        return drive_limits(train, speed, gain, voltage, share)

    resistance = resisting_force(train.road, speed, level)
    # Converges by mu h / wheelbase, about 0.25, each time.
    gain = jax.lax.fori_loop(
        0, 3, lambda _, gain: (limits_at(gain).drive - resistance) / train.inertia, level
    )
    return limits_at(gain)


def _limiting(train: Powertrain, speed: Float[Array, ""], limits: DriveLimits) -> Int[Array, ""]:
    """Index into `LIMITING_COMPONENTS` at one speed."""
    torque = train.front.peak_force * train.front.gear_efficiency
    torque = torque + train.rear.peak_force * train.rear.gear_efficiency
    power = train.front.peak_power * train.front.gear_efficiency
    power = power + train.rear.peak_power * train.rear.gear_efficiency
    machines = jnp.minimum(torque, power / jnp.maximum(speed, 0.1))
    axles = limits.front + limits.rear
    machine = jnp.where(torque * speed < power, 1, 2)
    bound = jnp.where(axles < 0.999 * machines, 0, machine)
    return jnp.where(limits.battery < axles, 3, bound).astype(jnp.int32)


def _meeting_speed(speed: Float[Array, "speed"], net: Float[Array, "speed"]) -> Float[Array, ""]:
    """First speed at which the net force falls to zero, linear between grid points."""
    short = net <= 0.0
    after = jnp.clip(jnp.argmax(short), 1, speed.shape[0] - 1)
    high, low = net[after], net[after - 1]
    part = jnp.clip(low / jnp.maximum(low - high, 1e-6), 0.0, 1.0)
    crossing = speed[after - 1] + part * (speed[after] - speed[after - 1])
    return jnp.where(jnp.any(short), crossing, speed[-1])


def climbable(train: Powertrain, force: Float[Array, ""]) -> Float[Array, ""]:
    """Grade (rise over run) that balances a spare force."""
    sine = jnp.clip(force / train.road.weight, -0.99, 0.99)
    return sine / jnp.sqrt(1.0 - sine * sine)


def performance(design: VehicleDesign, conditions: Conditions) -> Performance:
    """Full-throttle figures of one design on the level; `jax.vmap` over designs for a batch."""
    dtype = design.mass.dtype
    conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), conditions)
    train = powertrain(design, conditions)
    run = full_throttle(train, conditions.state_of_charge)
    width = run.edges[1] - run.edges[0]
    below = jnp.clip((SIXTY_MPH - run.edges[:-1]) / width, 0.0, 1.0)
    zero_to_sixty = jnp.sum(below * run.seconds)
    which = jax.nn.one_hot(run.limiting, len(LIMITING_COMPONENTS), dtype=dtype).T
    share = which @ (below * run.seconds)
    time, place = _start(jnp.cumsum(run.seconds)), _start(jnp.cumsum(run.meters))
    quarter = jnp.asarray(QUARTER_MILE, dtype)
    level = _meeting_speed(run.middle, run.net)
    top = jnp.minimum(level, train.top_speed)
    inside = jnp.where(place[1:] <= quarter, run.seconds, 0.0)
    return Performance(
        zero_to_sixty=zero_to_sixty,
        rollout=jnp.sqrt(2.0 * FOOT * run.seconds[0] / width),
        quarter_mile=jnp.interp(quarter, place, time),
        quarter_mile_speed=jnp.minimum(jnp.interp(quarter, place, run.edges), top),
        top_speed=top,
        launch_grade=climbable(train, run.net[0]),
        cruise_grade=climbable(train, spare_force(run, CRUISE_SPEED)),
        limit_share=share / zero_to_sixty,
        limiting_component=jnp.argmax(share).astype(jnp.int32),
        quarter_mile_limit=jnp.argmax(which @ inside).astype(jnp.int32),
        top_speed_limit=jnp.where(
            train.top_speed <= level, jnp.int32(_GOVERNOR), limit_at(run, top)
        ),
        launch_limit=run.limiting[0],
        cruise_limit=limit_at(run, CRUISE_SPEED),
        outcome=flag(top < SIXTY_MPH, SIXTY_NOT_REACHED),
    )


def _start(x: Float[Array, "speed"]) -> Float[Array, "edge"]:
    """The running sum with its zero."""
    return jnp.concatenate([jnp.zeros((1,), x.dtype), x])
