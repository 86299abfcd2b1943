"""Derivatives by forward mode, whichever mode is asked for.

Reverse mode through a long loop keeps or recomputes every step and compiles the loop two more
times. A function of a few dozen numbers is cheaper to differentiate forward, all of them at once:
its Jacobian is formed where a derivative is asked for, and both modes multiply with it.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

MOST = 400
"""Numbers beyond which forming the Jacobian would cost more than it saves."""


def by_forward_mode(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with its first derivatives taken in forward mode.

    Only numbers that carry a derivative count; where there are more than `MOST`, differentiation
    goes its usual way. Second derivatives are not exact.
    """

    @eqx.filter_custom_jvp
    def same(*args: Any) -> Any:
        return function(*args)

    @same.def_jvp
    def _(primals: Any, tangents: Any) -> tuple[Any, Any]:
        moves = jax.tree.map(lambda t: t is not None, tangents, is_leaf=lambda t: t is None)
        moving, still = eqx.partition(primals, moves)
        point, shaped = ravel_pytree(moving)
        if point.size > MOST:
            return eqx.filter_jvp(function, primals, tangents)

        def along(direction: Any) -> tuple[Any, Any]:
            def of(x: Any) -> Any:
                return function(*eqx.combine(shaped(x), still))

            return eqx.filter_jvp(of, (point,), (direction,))

        value, rows = jax.vmap(along, out_axes=(None, 0))(jnp.eye(point.size, dtype=point.dtype))
        move = ravel_pytree(tangents)[0]
        return value, jax.tree.map(lambda row: jnp.tensordot(move, row, axes=1), rows)

    return same
