"""Small dense linear systems inside compiled loops.

LAPACK calls inside loops that XLA's CPU runtime executes side by side can exhaust its thread
pool and hang (docs/decisions/0008-one-thread-per-program.md), so systems of a few dozen unknowns
are solved by plain elimination in array operations.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def solve(
    matrix: Float[Array, "unknown unknown"], right: Float[Array, " unknown"]
) -> Float[Array, " unknown"]:
    """Solution of `matrix x = right` by Gauss-Jordan elimination with partial pivoting.

    Singular systems give values that are not finite, as in NumPy. Differentiable in both
    arguments through the implicit rule.
    """
    return jax.lax.custom_linear_solve(
        lambda x: matrix @ x,
        right,
        solve=lambda _, b: _eliminate(matrix, b),
        transpose_solve=lambda _, b: _eliminate(matrix.T, b),
    )


def solve_dominant(
    matrix: Float[Array, "unknown unknown"], right: Float[Array, " unknown"]
) -> Float[Array, " unknown"]:
    """The same for a matrix whose diagonal dominates: Jacobi's iteration, elimination where it
    does not converge. Six times faster at 150 unknowns; no gain inside a `vmap`, where both run.
    """
    return jax.lax.custom_linear_solve(
        lambda x: matrix @ x,
        right,
        solve=lambda _, b: _iterate(matrix, b),
        transpose_solve=lambda _, b: _iterate(matrix.T, b),
    )


_TURNS = 100
"""Jacobi iterations at most."""


def _iterate(
    matrix: Float[Array, "unknown unknown"], right: Float[Array, " unknown"]
) -> Float[Array, " unknown"]:
    inverse = 1 / jnp.diagonal(matrix)
    size = jnp.max(jnp.abs(right))

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, gap, count = state
        return (jnp.max(jnp.abs(gap)) > 1e-14 * size) & (count < _TURNS)

    def turn(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        found, gap, count = state
        found = found + inverse * gap
        return found, right - matrix @ found, count + 1

    begin = (jnp.zeros_like(right), right, jnp.zeros((), jnp.int32))
    found, gap, _ = jax.lax.while_loop(unfinished, turn, begin)
    good = jnp.max(jnp.abs(gap)) <= 1e-12 * size
    return jax.lax.cond(good, lambda: found, lambda: _eliminate(matrix, right))


def _eliminate(
    matrix: Float[Array, "unknown unknown"], right: Float[Array, " unknown"]
) -> Float[Array, " unknown"]:
    size = matrix.shape[0]
    units = jnp.eye(size, size + 1, dtype=matrix.dtype)
    below = jnp.tri(size, dtype=bool)  # at [row, k]: the row may still be column k's pivot

    # Rows and columns are picked by products with unit vectors: under `vmap`, indexing with a
    # traced index becomes gathers and scatters, which run element by element on a CPU.
    def column(
        table: Float[Array, "unknown wide"],
        at: tuple[Float[Array, " wide"], Bool[Array, " unknown"]],
    ) -> tuple[Float[Array, "unknown wide"], None]:
        unit, eligible = at
        column_k, here = table @ unit, unit[:-1]
        pivot = jnp.argmax(jnp.where(eligible, jnp.abs(column_k), -1.0))
        there = jax.nn.one_hot(pivot, size, dtype=table.dtype)
        row, chosen = here @ table, there @ table
        swapped = table + there[:, None] * (row - chosen)[None, :]
        scaled = chosen / (chosen @ unit)
        left = swapped - (swapped @ unit)[:, None] * scaled[None, :]
        return jnp.where(here[:, None] > 0, scaled[None, :], left), None

    table = jnp.concatenate([matrix, right[:, None]], axis=1)
    return jax.lax.scan(column, table, (units, below.T))[0][:, -1]
