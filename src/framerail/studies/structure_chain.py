"""Rows of inputs through two programs: markets solved once, term sheets settled on them.

Both are traced once (`studies.programs`): term sheets with the same clauses, sites and outside
options are other values of the same arguments. Rows run in chunks of one shape, as many at a time
as there are cores.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from framerail.deal import Terms
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.programs import Programs
from framerail.studies.rows import CHUNK, Progress
from framerail.studies.sampling import columns
from framerail.studies.structure_figures import StructureFigures, figures_of, markets_of

_SEEN_BY_MARKETS = ("royalty.", "build_fee.")


@dataclasses.dataclass(frozen=True)
class SolvedRows:
    """Markets of rows, chunk by chunk; the last chunk is filled up with the first rows."""

    chunks: list[Any]
    rows: int


@dataclasses.dataclass(frozen=True)
class Chain:
    """The engine in two steps for one scenario.

    `paths` are the inputs that rows hold, in order; `programs` keeps both compiled steps and
    `progress` is told after every chunk.
    """

    scenario: Scenario
    paths: tuple[str, ...]
    programs: Programs = dataclasses.field(default_factory=Programs)
    progress: Progress | None = None

    @property
    def indices(self) -> tuple[int, ...]:
        """Place of every column among the scenario's leaves."""
        place = {path: k for k, path in enumerate(leaf_paths(self.scenario))}
        return tuple(place[path] for path in self.paths)

    def solve(
        self, rows: np.ndarray, terms: Terms, step: str, scenario: Scenario | None = None
    ) -> SolvedRows:
        """Markets of every row at the royalty and building fee of its term sheet.

        **Arguments:** `rows` of shape (row, column of `paths`); `terms`, every leaf of shape
        (row,); `scenario` with other values of the leaves that are no columns.
        """
        fees = Terms(royalty=terms.royalty, build_fee=terms.build_fee)
        given, indices = self.scenario if scenario is None else scenario, self.indices

        def work(place: np.ndarray) -> Any:
            part = jnp.asarray(rows[place])
            return self.programs.call(markets_of, (given, indices, part, _taken(fees, place)))

        return SolvedRows(self._in_chunks(work, rows.shape[0], step), rows.shape[0])

    def settle(self, solved: SolvedRows, terms: Terms, step: str) -> StructureFigures:
        """Figures under a term sheet, as NumPy arrays with a leading row axis.

        Its royalty and building fee must be those that the markets were solved at.
        """
        size = _size(solved.rows)

        def work(place: np.ndarray) -> StructureFigures:
            chunk = solved.chunks[int(place[0]) // size]
            made = self.programs.call(figures_of, (chunk, _taken(terms, place)))
            return jax.tree.map(np.asarray, made)

        parts = self._in_chunks(work, solved.rows, step)
        return jax.tree.map(lambda *x: np.concatenate(x)[: solved.rows], *parts)

    def _in_chunks(self, work: Callable[[np.ndarray], Any], rows: int, step: str) -> list[Any]:
        size, tell = _size(rows), self.progress or (lambda *_: None)
        chunks = -(-rows // size)
        filler = np.arange(chunks * size) % rows
        places = [filler[k * size : (k + 1) * size] for k in range(chunks)]
        tell(step, 0, rows)
        parts = [work(places[0])]  # compiles once, before the workers share the program
        tell(step, min(size, rows), rows)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for part in pool.map(work, places[1:]):
                parts.append(part)
                tell(step, min(len(parts) * size, rows), rows)
        return parts


def _size(rows: int) -> int:
    """Rows per compiled call; fewer rows make a smaller chunk."""
    return min(CHUNK, rows)


def _taken(terms: Terms, place: np.ndarray) -> Terms:
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[place]), terms)


def study_paths(scenario: Scenario, others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Columns of a study's rows: those of a run, then others that it varies."""
    own = columns(scenario)
    return own + tuple(path for path in sorted(set(others)) if path not in own)


def settle_all(
    chain: Chain, rows: np.ndarray, terms: Mapping[str, Terms]
) -> tuple[dict[str, StructureFigures], SolvedRows]:
    """Figures of every row under every term sheet, and the markets of the first.

    Term sheets with the same fees share the solved markets.
    """
    solved: dict[bytes, SolvedRows] = {}
    found: dict[str, StructureFigures] = {}
    for name, sheet in terms.items():
        key = fees_of(sheet)
        if key not in solved:
            solved[key] = chain.solve(rows, sheet, "Markets")
        found[name] = chain.settle(solved[key], sheet, f"Structure: {name}")
    return found, next(iter(solved.values()))


def fees_of(terms: Terms) -> bytes:
    """What markets see of a term sheet, as a key."""
    return b"".join(
        path.encode() + np.asarray(leaf).tobytes()
        for path, leaf in zip(leaf_paths(terms), jax.tree.leaves(terms), strict=True)
        if path.startswith(_SEEN_BY_MARKETS)
    )
