"""Traced programs that outlive the process.

JAX keeps compiled programs on disk but finds them by what tracing yields, and tracing the whole
chain takes longer than running it. A program is therefore kept in its portable form
(`jax.export`), found by the structure of its arguments and by whatever the store adds about the
code, so that a second start neither traces nor compiles.
"""

import functools
import hashlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
from jax import export
from jaxtyping import Array


@runtime_checkable
class ProgramStore(Protocol):
    """Keeps programs of one state of the code."""

    def get(self, key: str) -> bytes | None:
        """What was kept under the key, or None."""
        ...

    def put(self, key: str, program: bytes) -> None:
        """Keep a program."""
        ...


class _Program(NamedTuple):
    run: Callable[..., list[Array]]
    shape: list[Any]
    """The result's structure, once known."""


class Programs:
    """Functions of pytrees, traced once for every structure of their arguments.

    **Arguments:** `store` keeps programs between processes; without one they live in this object.
    """

    def __init__(self, store: ProgramStore | None = None) -> None:
        self._store = store
        self._ready: dict[str, _Program] = {}

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """The function's value, compiled with the compiler's `options`.

        Arrays among the arguments may change from call to call; everything else is part of the
        program. The value's leaves must be arrays.
        """
        ready, leaves = self._found(function, arguments, options)
        found = ready.run(*leaves)
        return jax.tree_util.tree_unflatten(ready.shape[0], found)

    def prepare(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Trace what `call` will want, so that nothing else is traced meanwhile.

        Traces that run at once share one interpreter: both end late, and no compiler starts.
        """
        self._found(function, arguments, options)

    def _found(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: Mapping[str, Any] | None,
    ) -> tuple[_Program, list[Array]]:
        dynamic, static = eqx.partition(arguments, eqx.is_array)
        leaves, tree = jax.tree_util.tree_flatten(dynamic)
        held = repr(jax.tree_util.tree_leaves(static))
        kinds = [(leaf.shape, str(leaf.dtype)) for leaf in leaves]
        about = (function.__qualname__, str(tree), held, kinds, jax.default_backend(), options)
        key = hashlib.sha256(repr(about).encode()).hexdigest()
        if key not in self._ready:
            rebuild = functools.partial(_rebuilt, tree, static)
            self._ready[key] = self._program(key, function, rebuild, leaves, options)
        return self._ready[key], leaves

    def _program(
        self,
        key: str,
        function: Callable[..., Any],
        rebuild: Callable[..., tuple[Any, ...]],
        leaves: list[Array],
        options: Mapping[str, Any] | None,
    ) -> _Program:
        compiled = functools.partial(jax.jit, compiler_options=dict(options) if options else None)
        kept = self._store.get(key) if self._store else None
        if kept is not None:
            portable, result = pickle.loads(kept)
            shape = jax.tree_util.tree_structure(result)
            return _Program(compiled(export.deserialize(bytearray(portable)).call), [shape])
        shape: list[Any] = []

        def flat(*values: Array) -> list[Array]:
            out, structure = jax.tree_util.tree_flatten(function(*rebuild(values)))
            shape[:] = [structure]
            return out

        if self._store is None:
            return _Program(compiled(flat), shape)
        traced = export.export(jax.jit(flat))(*leaves)
        numbered = jax.tree_util.tree_unflatten(shape[0], range(shape[0].num_leaves))
        self._store.put(key, pickle.dumps((bytes(traced.serialize()), numbered)))
        return _Program(compiled(traced.call), shape)


def hurried() -> dict[str, Any] | None:
    """Compiler options for a program that runs a handful of times: hurry rather than optimize."""
    if jax.default_backend() != "cpu":
        return None
    return {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


def _rebuilt(tree: Any, static: Any, values: tuple[Array, ...]) -> tuple[Any, ...]:
    return eqx.combine(jax.tree_util.tree_unflatten(tree, values), static)


IN_PROCESS = Programs()
"""Where studies that are given no programs of their own find theirs again."""
