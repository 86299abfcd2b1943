"""Kept on disk: finished Monte Carlo chunks, so that an interrupted run resumes, and programs."""

import hashlib
import os
import zipfile
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np

from framerail.scenario import Scenario
from framerail.studies.rows import CHUNK


def code_hash() -> str:
    """SHA-256 of the package's own source and data, so that no chunk outlives a change of it."""
    digest = hashlib.sha256()
    root = Path(str(resources.files("framerail")))
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv"):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def run_key(scenario: Scenario, draws: int, seed: int) -> str:
    """SHA-256 of all that fixes the bits of a run's draws."""
    digest = hashlib.sha256()
    packages = [version(name) for name in ("framerail", "jax", "jaxlib", "numpy", "scipy")]
    for part in (*packages, code_hash(), draws, seed, CHUNK, jax.default_backend()):
        digest.update(f"{part}\n".encode())
    leaves, structure = jax.tree_util.tree_flatten(scenario)
    digest.update(str(structure).encode())  # holds every static field
    for leaf in leaves:
        digest.update(np.asarray(leaf).tobytes())
    return digest.hexdigest()


class FolderStore:
    """A `ChunkStore` in a folder: one file per chunk, each complete or absent."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / key[:16]

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"

    def get(self, number: int) -> list[np.ndarray] | None:
        """Arrays of one chunk, or None."""
        try:
            with self._file(number).open("rb") as stream, np.load(stream) as kept:
                return [kept[f"arr_{place}"] for place in range(len(kept.files))]
        except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None

    def put(self, number: int, arrays: list[np.ndarray]) -> None:
        """Keep one chunk; it appears under its name when it is complete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._file(number).with_suffix(".unfinished")
        with unfinished.open("wb") as stream:
            np.savez(stream, *arrays)
        os.replace(unfinished, self._file(number))


class FolderPrograms:
    """A `ProgramStore` in a folder: programs of this code and these packages, one file each."""

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256(code_hash().encode())
        for name in ("framerail", "jax", "jaxlib", "equinox"):
            digest.update(version(name).encode())
        self.folder = folder / digest.hexdigest()[:16]

    def get(self, key: str) -> bytes | None:
        """What was kept under the key, or None."""
        try:
            return (self.folder / key).read_bytes()
        except OSError:
            return None

    def put(self, key: str, program: bytes) -> None:
        """Keep a program; it appears under its name when it is complete."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = self.folder / f"{key}.{os.getpid()}"
            unfinished.write_bytes(program)
            os.replace(unfinished, self.folder / key)
        except OSError:
            return  # a cache that cannot be written costs time, not the run


def program_store() -> FolderPrograms | None:
    """Programs beside JAX's compilation cache; none where that is not kept."""
    cache = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    return FolderPrograms(Path(cache) / "framerail") if cache else None
