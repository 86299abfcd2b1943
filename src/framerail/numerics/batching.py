"""How a batch runs, decided in one place.

On a GPU a batch is one `vmap`. On a CPU, solvers that iterate until done make every lane of a
`vmap` wait for the slowest, so a batch runs as `lax.map` over chunks: wide enough to feed the
vector units, narrow enough that few lanes wait and that a step's arrays stay in the cache.
"""

from collections.abc import Callable
from typing import Any

import jax

CPU_CHUNK = 4
"""Lanes per step of a CPU batch of iterating solvers; see docs/benchmarks.md for the sweep."""


def over_lanes(function: Callable[..., Any], lanes: Any, *, chunk: int = CPU_CHUNK) -> Any:
    """Apply `function` to every lane (leading axis of every leaf of `lanes`).

    **Arguments:** `function` of one lane; `lanes`, a pytree whose leaves share a leading axis;
    `chunk`, the lanes per step on a CPU (zero: one `vmap`).
    """
    if jax.default_backend() != "cpu" or chunk == 0:
        return jax.vmap(function)(lanes)
    return jax.lax.map(function, lanes, batch_size=chunk)
