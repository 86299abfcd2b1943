"""What is wrong with a file: one record per fault, one error for all of them."""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing wrong with a file: where, what, and the nearest right thing."""

    place: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.place}: {self.problem}" + (f" ({self.hint})" if self.hint else "")


class ScenarioError(ValueError):
    """A scenario that cannot be read; `faults` lists everything found wrong."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.name = name
        self.faults = tuple(faults)
        count = f"{len(faults)} fault{'s' if len(faults) != 1 else ''}"
        lines = "\n".join(f"  {fault}" for fault in faults)
        ValueError.__init__(self, f"scenario '{name}' has {count}:\n{lines}")
