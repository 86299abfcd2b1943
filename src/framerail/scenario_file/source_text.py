"""The texts that a scenario was read from: places for messages, hashes for the manifest."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from framerail.scenario_file.faults import Fault


class SourceText:
    """Files read so far, with their text for line numbers and hashes."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.faults: list[Fault] = []

    def read(self, label: str, text: str) -> dict[str, Any]:
        """Parse one file; a syntax error becomes a fault."""
        self.texts[label] = text
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.faults.append(Fault(label, f"not valid TOML: {error}"))
            return {}

    def hashes(self) -> tuple[tuple[str, str], ...]:
        """SHA-256 of every file, by label."""
        return tuple(
            (label, hashlib.sha256(text.encode()).hexdigest())
            for label, text in sorted(self.texts.items())
        )

    def place(self, path: str) -> str:
        """`file:line path` of the innermost part of the path that a file holds."""
        parts = path.split(".")
        for depth in range(len(parts), 0, -1):
            label = self.origin.get(".".join(parts[:depth]))
            if label in self.texts:
                line = _line_of(self.texts[label], parts[:depth])
                return f"{label}{f':{line}' if line else ''} {path}"
            if label:
                return f"{label} {path}"
        return path


_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]")


def _line_of(text: str, parts: Sequence[str]) -> int | None:
    """Line of a key or of its table's header; TOML readers keep no positions."""
    table: list[str] = []
    found = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = [part.strip().strip('"') for part in header[1].split(".")]
            if table == list(parts[: len(table)]):
                found = found if found and len(table) < len(parts) else number
            continue
        rest = list(parts[len(table) :])
        if table != list(parts[: len(table)]) or not rest:
            continue
        key = ".".join(rest)
        first = line.split("=", 1)[0].strip().strip('"') if "=" in line else ""
        if first == key:
            return number
        if first == rest[0]:
            found = number
    return found


def mark_origin(raw: Mapping[str, Any], label: str, origin: dict[str, str], path: str = "") -> None:
    """Record for every key of `raw` the file that it came from."""
    for key, value in raw.items():
        here = f"{path}.{key}" if path else key
        origin[here] = label
        if isinstance(value, Mapping):
            mark_origin(value, label, origin, here)
