"""Fixed points x = g(x), accelerated, with exact first derivatives through the solution.

Anderson (1965) mixing, in the form of Walker and Ni (2011, SIAM J. Numer. Anal. 49, 1715):
each iterate minimizes a linear prediction of the residual over the last few steps. Newton
corrections may follow: each squares the error that mixing leaves. The derivative is the implicit
one, `dx = (I - dg/dx)^-1 dg`, in forward and reverse mode; its matrix is formed only where a
derivative is asked for. Second derivatives are not exact.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int

from framerail.numerics.linear import solve

Vector = Float[Array, " unknown"]


_TERMS = 200
"""Iterations of a linear system at most."""


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


_COUPLED = 6
"""Terms of a held slope's series."""
_DOUBT = 30.0
"""With a held slope the next residual is believed to shrink as the last one did, but for this."""


class HeldSlope(eqx.Module):
    """(1 - dg/dx)^-1 at some x, held while x moves: a series that Jacobi's iteration ends early."""

    gain: Vector
    """1 / (1 - dg_i/dx_i)."""
    coupling: Float[Array, "unknown unknown"]
    """`gain` of the row times dg_i/dx_k; zero at [i, i]."""

    def stretch(self, gap: Vector) -> Vector:
        """The step that closes the gap g(x) - x, near enough."""
        term = total = self.gain * gap
        for _ in range(_COUPLED):
            term = self.coupling @ term
            total = total + term
        return total


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


def _remembered(
    past: Float[Array, "memory unknown"], latest: Vector
) -> Float[Array, "memory unknown"]:
    return jnp.concatenate([latest[None, :], past[:-1]])


def _solve_small(matrix: Float[Array, "m m"], vector: Float[Array, " m"]) -> Float[Array, " m"]:
    """Symmetric positive definite solve by Gauss-Jordan, unrolled: no LAPACK call per lane."""
    size = vector.shape[0]
    table = jnp.concatenate([matrix, vector[:, None]], axis=1)
    for k in range(size):
        scaled = table[k] / table[k, k]
        here = (np.arange(size) == k)[:, None]
        table = jnp.where(here, scaled[None, :], table - table[:, k : k + 1] * scaled[None, :])
    return table[:, -1]


def _stretched(gap: Vector, gain: Vector | HeldSlope | None) -> Vector:
    if isinstance(gain, HeldSlope):
        return gain.stretch(gap)
    return gap if gain is None else gain * gap


def _foretold(step: Vector, before: Vector) -> Float[Array, ""]:
    """Part of the residual that a held slope's next step leaves, at worst: it shrinks steadily."""
    shrunk = jnp.max(jnp.abs(step)) / (jnp.max(jnp.abs(before)) + 1e-300)
    return jnp.minimum(_DOUBT * shrunk, 1.0)


def _iterate(
    function: Callable[[Vector, Any], Vector],
    start: Vector,
    args: Any,
    *,
    tolerance: float,
    gain: Vector | HeldSlope | None = None,
    memory: int = 4,
    max_iterations: int = 200,
    largest_stretch: float = 300.0,
) -> tuple[Vector, Int[Array, ""]]:
    """g at the last iterate, |g(x) - x| there at most `tolerance`, and the evaluations it took;
    arguments as for `fixed_point`, without derivative."""
    size = start.shape[0]
    depth = min(memory, size)

    def turn(x: Vector) -> tuple[Vector, Float[Array, ""]]:
        gap = function(x, args) - x
        return x + _stretched(gap, gain), jnp.max(jnp.abs(gap))

    def unfinished(state: _State) -> Bool[Array, ""]:
        return (state.size > tolerance) & (state.count < max_iterations)

    def advance(state: _State) -> _State:
        first = state.count == 0
        x = jnp.where(first, start, _mix(state, 1e-14, jnp.asarray(largest_stretch)))
        g, gap = turn(x)
        change = (g - x) - (state.g - state.x)
        if isinstance(gain, HeldSlope):
            gap = gap * _foretold(g - x, state.g - state.x)
        return _State(
            x=x,
            g=g,
            steps=_remembered(state.steps, jnp.where(first, 0.0, x - state.x)),
            changes=_remembered(state.changes, jnp.where(first, 0.0, change)),
            count=state.count + 1,
            size=gap,
        )

    # The map stands in the loop only: the first turn beside it would be compiled once more.
    begin = _State(
        x=start,
        g=start,
        steps=jnp.zeros((depth, size)),
        changes=jnp.zeros((depth, size)),
        count=jnp.zeros((), dtype=jnp.int32),
        size=jnp.full((), jnp.inf),
    )
    end = jax.lax.while_loop(unfinished, advance, begin)
    return end.g, end.count


def fixed_point(
    function: Callable[[Vector, Any], Vector],
    start: Vector,
    args: Any,
    *,
    tolerance: float,
    loose: float | None = None,
    jacobian: Callable[[Vector, Any], Float[Array, "unknown unknown"]] | None = None,
    corrections: int = 1,
    enough: float = 0.0,
    gain: Vector | HeldSlope | None = None,
    linear: Callable[[Float[Array, "unknown unknown"], Vector], Vector] = solve,
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
    - `corrections`: Newton corrections at most; zero leaves the work to mixing.
    - `enough`: residual at which corrections end before their number is reached.
    - `gain`: factor by which each component's step is stretched before mixing, near
      1 / (1 - dg_i/dx_i); positive. Default one. Or the map's whole slope near the solution. It
      moves no fixed point.
    - `linear`: solves the linear systems of corrections and derivative.
    - `memory`: past steps that are mixed.
    - `max_iterations`: evaluations after which mixing gives up.
    - `largest_stretch`: steps longer than this many plain steps are refused.

    **Returns:** a `Solution`; `outcome` is true where no fixed point was found.
    """
    start, held, gain = jax.lax.stop_gradient((start, args, gain))
    value, count = _iterate(
        function,
        start,
        held,
        tolerance=tolerance if loose is None else loose,
        gain=gain,
        memory=memory,
        max_iterations=max_iterations,
        largest_stretch=largest_stretch,
    )
    slope = jacobian if jacobian is not None else jax.jacfwd(function)
    gap = function(value, held) - value
    if corrections:
        value, gap = _corrected(function, (slope, linear), value, gap, held, enough, corrections)
    value = jax.lax.stop_gradient(value)
    residual = jnp.max(jnp.abs(gap))
    solved = _differentiable(value, args, function, (slope, linear))
    return Solution(value=solved, outcome=residual > tolerance, stats=Stats(count, residual))


def _corrected(
    function: Callable[[Vector, Any], Vector],
    newton: tuple[Callable[..., Any], Callable[..., Any]],
    value: Vector,
    gap: Vector,
    args: Any,
    enough: float,
    limit: int,
) -> tuple[Vector, Vector]:
    """Newton steps on x - g(x), each refused where it is wild; and g(x) - x at the end."""
    jacobian, linear = newton

    def unfinished(state: tuple[Vector, Vector, Int[Array, ""]]) -> Bool[Array, ""]:
        _, gap, count = state
        return (jnp.max(jnp.abs(gap)) > enough) & (count < limit)

    def correct(
        state: tuple[Vector, Vector, Int[Array, ""]],
    ) -> tuple[Vector, Vector, Int[Array, ""]]:
        value, gap, count = state
        step = linear(jnp.eye(value.shape[0]) - jacobian(value, args), gap)
        sound = jnp.all(jnp.isfinite(step)) & (
            jnp.max(jnp.abs(step)) < 1e3 * jnp.max(jnp.abs(value)) + 1e3
        )
        value = value + jnp.where(sound, step, jnp.zeros_like(step))
        return value, function(value, args) - value, count + 1

    begin = jax.lax.stop_gradient((value, gap, jnp.zeros((), dtype=jnp.int32)))
    return jax.lax.while_loop(unfinished, correct, begin)[:2]


@eqx.filter_custom_jvp
def _differentiable(value: Vector, args: Any, function: Any, newton: Any) -> Vector:
    """The solution, with its implicit derivative in `args`."""
    del args, function, newton
    return value


@_differentiable.def_jvp
def _(primals: Any, tangents: Any) -> tuple[Vector, Vector]:
    value, args, function, (jacobian, linear) = primals
    _, moved, _, _ = tangents
    _, change = eqx.filter_jvp(lambda inputs: function(value, inputs), (args,), (moved,))
    return value, linear(jnp.eye(value.shape[0]) - jacobian(value, args), change)


def mix_by_parts(
    function: Callable[[Any, Any], Any], start: Any, args: Any, *, tolerance: float, scale: float
) -> tuple[Any, Int[Array, ""]]:
    """Mixed steps for an unknown of several arrays, with the implicit derivative in `args`.

    The derivative's linear system is solved by iterating the linearized map, without its matrix.

    **Arguments:** as for `fixed_point`; `tolerance` is relative to `scale`, the size of the
    unknowns that matter.

    **Returns:** the fixed point, and the evaluations of g that it took.
    """
    flat, shaped = ravel_pytree(start)

    def turn(x: Vector, given: Any) -> Vector:
        return ravel_pytree(function(shaped(x * scale), given))[0] / scale

    value, count = _matrix_free(flat / scale, args, turn, tolerance)
    return shaped(value * scale), count


@eqx.filter_custom_jvp
def _matrix_free(
    start: Vector, args: Any, function: Any, tolerance: float
) -> tuple[Vector, Int[Array, ""]]:
    """The solution, with its implicit derivative in `args`, and the evaluations it took."""
    return _iterate(function, start, args, tolerance=tolerance)


@_matrix_free.def_jvp
def _(primals: Any, tangents: Any) -> Any:
    _, args, function, _ = primals
    _, moved, _, _ = tangents
    value, count = _matrix_free(*primals)
    _, change = eqx.filter_jvp(lambda inputs: function(value, inputs), (args,), (moved,))
    _, linear = jax.linearize(lambda x: function(x, args), value)
    changed = jax.lax.custom_linear_solve(
        lambda x: x - linear(x), change, solve=_series, transpose_solve=_series
    )
    return (value, count), (changed, None)


def _series(operator: Callable[[Vector], Vector], right: Vector) -> Vector:
    """Solve `operator(x) = right` for an operator near one: x <- x + right - operator(x).

    It converges where the map itself does without mixing, at the same rate.
    """
    size = jnp.max(jnp.abs(right))

    def unfinished(state: tuple[Vector, Vector, Int[Array, ""]]) -> Bool[Array, ""]:
        _, gap, count = state
        return (jnp.max(jnp.abs(gap)) > 1e-12 * size) & (count < _TERMS)

    def add(
        state: tuple[Vector, Vector, Int[Array, ""]],
    ) -> tuple[Vector, Vector, Int[Array, ""]]:
        x, gap, count = state
        x = x + gap
        return x, right - operator(x), count + 1

    nothing = jnp.zeros_like(right)
    return jax.lax.while_loop(unfinished, add, (nothing, right, jnp.zeros((), jnp.int32)))[0]
