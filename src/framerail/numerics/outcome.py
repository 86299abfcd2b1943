"""Outcomes: what a solver or a stage has to say beside its value.

A stage's result carries one integer, `outcome`: zero is fine, every set bit names one entry of
the stage's `OUTCOMES` table. A bit mask joins under `|`, survives `jit`, `vmap` and `lax.scan`,
and is counted by Monte Carlo instead of spoiling a figure with NaN.
"""

import dataclasses
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One way in which an evaluation can end short of a plain success.

    `name` is a stable key for files, `sentence` says what happened, `cure` what to try.
    """

    name: str
    sentence: str
    cure: str


def flag(condition: Bool[Array, "..."], bit: int) -> Int[Array, "..."]:
    """Mask with bit number `bit` (the entry's place in its table) set where `condition` holds."""
    return jnp.where(condition, jnp.int32(1 << bit), jnp.int32(0))


def describe(mask: int, table: Sequence[Outcome]) -> list[Outcome]:
    """The table entries that a mask names, in order."""
    return [entry for bit, entry in enumerate(table) if mask >> bit & 1]
