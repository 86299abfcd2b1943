"""Many evaluations of one scenario: rows of input values through one compiled program.

Rows run in chunks of one shape, as many chunks at a time as there are cores (the compiled
program releases the interpreter), so a run shows its progress, stops between chunks and resumes
from those that a store kept.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.engine import (
    Headline,
    Markets,
    TruckFigures,
    headline,
    headline_of,
    solve_markets,
    truck_figures,
    value,
)
from framerail.numerics.batching import over_lanes
from framerail.scenario import Scenario
from framerail.studies.programs import IN_PROCESS, Programs
from framerail.studies.sampling import column_indices, with_columns

CHUNK = 64
"""Rows per compiled call."""

Progress = Callable[[str, int, int], None]
"""Called with a step's name, the part done and the whole."""


@runtime_checkable
class ChunkStore(Protocol):
    """Keeps finished chunks of a run so that an interrupted one can resume."""

    def get(self, number: int) -> list[np.ndarray] | None:
        """Arrays of one chunk, or None."""
        ...

    def put(self, number: int, arrays: list[np.ndarray]) -> None:
        """Keep one chunk."""
        ...


def _evaluate_chunk(
    scenario: Scenario, indices: tuple[int, ...], rows: Float[Array, "row column"]
) -> Headline:
    def here(row: Float[Array, " column"]) -> Scenario:
        return with_columns(scenario, indices, row)

    markets = solved_markets(here, rows)
    return jax.vmap(lambda solved, row: headline(value(solved), here(row)))(markets, rows)


def solved_markets(drawn: Callable[[Any], Scenario], lanes: Any) -> Markets:
    """Markets of the scenario that `drawn` makes of every lane (leading axis of `lanes`)."""
    # Markets iterate: a few lanes at a time. What comes before and after is long scans of small
    # steps, whose overhead wants as many lanes as there are.
    trucks = jax.vmap(lambda lane: truck_figures(drawn(lane)))(lanes)

    def solve(lane: tuple[Any, TruckFigures]) -> Markets:
        return eqx.tree_at(_known, solve_markets(drawn(lane[0]), lane[1]), (None, None))

    # What the lanes know already, thousands of leaves, stays out of the loop's results.
    found = over_lanes(solve, (lanes, trucks))
    return jax.vmap(
        lambda bare, lane, trucks: eqx.tree_at(
            _known, bare, (drawn(lane), trucks), is_leaf=lambda x: x is None
        )
    )(found, lanes, trucks)


def _known(markets: Markets) -> tuple[Any, Any]:
    return markets.setting.scenario, markets.trucks


def evaluate_rows(
    scenario: Scenario,
    rows: np.ndarray,
    *,
    step: str,
    progress: Progress | None = None,
    store: ChunkStore | None = None,
    programs: Programs | None = None,
) -> Headline:
    """Headline figures of every row; leaves get a leading row axis (NumPy arrays).

    **Arguments:** `rows` has the columns of `sampling.columns`; `step` names the work in the
    progress display; `store` keeps finished chunks; `programs` the compiled program.
    """
    count = rows.shape[0]
    filler = np.arange(-(-count // CHUNK) * CHUNK) % count
    indices, programs = column_indices(scenario), programs or IN_PROCESS

    structure: list[Any] = []

    def work(number: int) -> list[np.ndarray]:
        kept = store.get(number) if store else None
        if kept is not None:
            return kept
        part = rows[filler[number * CHUNK : (number + 1) * CHUNK]]
        result = programs.call(_evaluate_chunk, (scenario, indices, jnp.asarray(part)))
        leaves, shape = jax.tree_util.tree_flatten(result)
        structure.append(shape)
        arrays = [np.asarray(leaf) for leaf in leaves]
        if store:
            store.put(number, arrays)
        return arrays

    parts = _in_parallel(work, filler.size // CHUNK, count, step, progress)
    leaves = [np.concatenate(arrays)[:count] for arrays in zip(*parts, strict=True)]
    if not structure:  # every chunk came from the store
        shape = eqx.filter_eval_shape(headline_of, scenario)
        structure.append(jax.tree_util.tree_structure(shape))
    return jax.tree_util.tree_unflatten(structure[0], leaves)


def _in_parallel(
    work: Callable[[int], list[np.ndarray]],
    chunks: int,
    rows: int,
    step: str,
    progress: Progress | None,
) -> list[list[np.ndarray]]:
    tell = progress or (lambda *_: None)
    tell(step, 0, rows)
    parts = {0: work(0)}  # compiles once, before the workers share the program
    tell(step, min(CHUNK, rows), rows)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        waiting = {pool.submit(work, number): number for number in range(1, chunks)}
        try:
            for future in as_completed(waiting):
                parts[waiting[future]] = future.result()
                tell(step, min(len(parts) * CHUNK, rows), rows)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [parts[number] for number in range(chunks)]
