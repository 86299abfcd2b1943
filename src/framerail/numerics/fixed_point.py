"""Fixed points x = g(x), accelerated, with exact first derivatives through the solution.

Anderson (1965) mixing, in the form of Walker and Ni (2011, SIAM J. Numer. Anal. 49, 1715):
each iterate minimizes a linear prediction of the residual over the last few steps. A final
Newton correction, whose matrix is held constant under differentiation, serves two ends: it
squares the error that Anderson mixing leaves, and it carries the implicit derivative
`dx = (I - dg/dx)^-1 dg` in forward and reverse mode without a custom rule. The derivative is as
good as the point at which the last correction starts, so a wide `loose` wants two corrections.
Second derivatives are not exact (the matrix is held constant).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.numerics.linear import solve

Vector = Float[Array, " unknown"]


class Stats(eqx.Module):
    """What a solve took."""

    iterations: Int[Array, ""]
    """Evaluations of g before the last correction."""
    residual: Float[Array, ""]
    """Largest |g(x) - x| at the value returned."""


class Solution(eqx.Module):
    """A fixed point, whether it is one, and what it took."""

    value: Vector
    """The fixed point; finite even where the solve failed."""
    outcome: Bool[Array, ""]
    """True where the residual exceeds the tolerance."""
    stats: Stats


class _State(eqx.Module):
    x: Vector
    g: Vector
    steps: Float[Array, "memory unknown"]
    changes: Float[Array, "memory unknown"]
    count: Int[Array, ""]
    size: Float[Array, ""]


def _mix(state: _State, ridge: float, limit: Float[Array, ""]) -> Vector:
    """Next iterate: the plain step less the combination of past steps that cancels it best."""
    residual = state.g - state.x
    gram = state.changes @ state.changes.T
    scale = jnp.trace(gram) + 1e-300
    weights = _solve_small(
        gram / scale + ridge * jnp.eye(gram.shape[0]), state.changes @ residual / scale
    )
    step = residual - (state.steps + state.changes).T @ weights
    # A wild extrapolation is worse than the plain step.
    wild = jnp.max(jnp.abs(step)) > limit * jnp.max(jnp.abs(residual))
    return state.x + jnp.where(wild | ~jnp.all(jnp.isfinite(step)), residual, step)


def _solve_small(matrix: Float[Array, "m m"], vector: Float[Array, " m"]) -> Float[Array, " m"]:
    """Symmetric positive definite solve by elimination, unrolled: no LAPACK call per lane."""
    size = vector.shape[0]
    rows = [matrix[i] for i in range(size)]
    right = [vector[i] for i in range(size)]
    for i in range(size):
        for j in range(i + 1, size):
            factor = rows[j][i] / rows[i][i]
            rows[j] = rows[j] - factor * rows[i]
            right[j] = right[j] - factor * right[i]
    found: list[Float[Array, ""]] = [vector[0]] * size
    for i in reversed(range(size)):
        known = sum((rows[i][j] * found[j] for j in range(i + 1, size)), start=jnp.zeros(()))
        found[i] = (right[i] - known) / rows[i][i]
    return jnp.stack(found)


def fixed_point(
    function: Callable[[Vector, Any], Vector],
    start: Vector,
    args: Any,
    *,
    tolerance: float,
    loose: float | None = None,
    jacobian: Callable[[Vector, Any], Float[Array, "unknown unknown"]] | None = None,
    corrections: int = 1,
    memory: int = 4,
    max_iterations: int = 200,
    largest_stretch: float = 300.0,
) -> Solution:
    """Solve `x = function(x, args)`.

    **Arguments:**

    - `function`: the map g; contracting or nearly so close to the solution.
    - `start`: first guess, finite.
    - `args`: a pytree that the map reads; the solution is differentiable in it.
    - `tolerance`: largest |g(x) - x| that counts as solved, in the unit of x.
    - `loose`: where mixing stops and Newton corrections begin; default `tolerance`.
    - `jacobian`: dg/dx in closed form; default forward-mode differentiation.
    - `corrections`: number of Newton corrections; one is enough unless `loose` is wide.
    - `memory`: past steps that are mixed.
    - `max_iterations`: evaluations after which mixing gives up.
    - `largest_stretch`: steps longer than this many plain steps are refused.

    **Returns:** a `Solution`; `outcome` is true where no fixed point was found.
    """
    held, map_only = jax.lax.stop_gradient((start, args)), function
    stop = tolerance if loose is None else loose
    size = start.shape[0]
    depth = min(memory, size)

    def unfinished(state: _State) -> Bool[Array, ""]:
        return (state.size > stop) & (state.count < max_iterations)

    def advance(state: _State) -> _State:
        x = _mix(state, 1e-14, jnp.asarray(largest_stretch))
        g = map_only(x, held[1])
        slot = (state.count - 1) % depth
        change = (g - x) - (state.g - state.x)
        return _State(
            x=x,
            g=g,
            steps=state.steps.at[slot].set(x - state.x),
            changes=state.changes.at[slot].set(change),
            count=state.count + 1,
            size=jnp.max(jnp.abs(g - x)),
        )

    first = map_only(held[0], held[1])
    begin = _State(
        x=held[0],
        g=first,
        steps=jnp.zeros((depth, size)),
        changes=jnp.zeros((depth, size)),
        count=jnp.ones((), dtype=jnp.int32),
        size=jnp.max(jnp.abs(first - held[0])),
    )
    end = jax.lax.while_loop(unfinished, advance, begin)
    slope = jacobian if jacobian is not None else jax.jacfwd(map_only)
    value = jax.lax.fori_loop(
        0,
        corrections - 1,
        lambda _, x: jax.lax.stop_gradient(_correct(map_only, slope, x, held[1], held[1])),
        end.g,
    )
    value = _correct(map_only, slope, value, held[1], args)
    residual = jnp.max(jnp.abs(jax.lax.stop_gradient(map_only(value, args) - value)))
    return Solution(value=value, outcome=residual > tolerance, stats=Stats(end.count, residual))


def _correct(
    function: Callable[[Vector, Any], Vector],
    jacobian: Callable[[Vector, Any], Float[Array, "unknown unknown"]],
    value: Vector,
    held: Any,
    args: Any,
) -> Vector:
    """One Newton step on x - g(x), refused where it does not lower the residual."""
    value = jax.lax.stop_gradient(value)
    matrix = jnp.eye(value.shape[0]) - jax.lax.stop_gradient(jacobian(value, held))
    gap = function(value, args) - value
    step = solve(matrix, gap)
    sound = jnp.all(jnp.isfinite(step)) & (
        jnp.max(jnp.abs(step)) < 1e3 * jnp.max(jnp.abs(value)) + 1e3
    )
    return value + jnp.where(sound, step, jnp.zeros_like(step))
