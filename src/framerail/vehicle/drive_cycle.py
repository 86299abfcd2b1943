"""A speed trace to follow: the regulatory cycles and any other."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class DriveCycle(eqx.Module):
    """Speed asked for at even instants, with the road's grade over each step."""

    speed: Float[Array, "time"]
    """Speed at each instant, m/s; the first is the speed at the start."""
    time_step: Float[Array, ""]
    """Seconds between instants."""
    grade: Float[Array, "time"]
    """Rise over run on the way to each instant (the first entry is not used)."""


def drive_cycle(
    speed: Float[Array, "time"] | Float[np.ndarray, "time"] | Sequence[float],
    time_step: float = 1.0,
    grade: Float[Array, "time"] | Float[np.ndarray, "time"] | Sequence[float] | None = None,
) -> DriveCycle:
    """A drive cycle from speeds in m/s at even instants `time_step` seconds apart.

    Args:
        speed: at least two speeds, none negative.
        time_step: seconds, above zero.
        grade: rise over run for each instant; level when absent.

    Raises:
        ValueError: for fewer than two instants, a negative or non-finite speed, a grade of
            another length, or a time step that is not above zero.
    """
    trace = np.asarray(speed, dtype=np.float64)
    slope = np.zeros_like(trace) if grade is None else np.asarray(grade, dtype=np.float64)
    if trace.ndim != 1 or trace.size < 2:
        raise ValueError("a drive cycle needs at least two speeds in one row")
    if not np.all(np.isfinite(trace)) or trace.min() < 0.0:
        raise ValueError("a drive cycle's speeds must be finite and not negative")
    if slope.shape != trace.shape or not np.all(np.isfinite(slope)):
        raise ValueError("a drive cycle needs one finite grade for each speed")
    if not time_step > 0.0:
        raise ValueError("a drive cycle's time step must be above zero")
    return DriveCycle(
        speed=jnp.asarray(trace),
        time_step=jnp.asarray(time_step, dtype=jnp.float64),
        grade=jnp.asarray(slope),
    )


def steady_cycle(speed: float, duration: float, time_step: float = 1.0) -> DriveCycle:
    """Constant `speed` (m/s) for `duration` (s), rolling from the first instant."""
    count = max(2, round(duration / time_step) + 1)
    return drive_cycle(np.full(count, speed), time_step)
