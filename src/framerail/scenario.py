"""The scenario: everything that one evaluation takes, as one tree.

Six tables, one per stage, in the stage's own words, and beside them the data that a scenario
file names but does not hold (speed traces, buyers' quadrature nodes). Every dynamic leaf is a
float64 array, so `jax.grad` of any scalar of an evaluation comes back in the scenario's shape.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float

from framerail.cost import CostInputs
from framerail.deal import DealInputs
from framerail.distributions import Distribution
from framerail.market import MarketInputs
from framerail.plant import PlantInputs
from framerail.program import ProgramInputs
from framerail.quantities import Declared
from framerail.vehicle import DriveCycle, VehicleInputs


class About(Declared):
    """What the scenario is: its name, its date and how it is studied."""

    name: str = eqx.field(static=True)
    """Short name, as on the command line."""
    title: str = eqx.field(static=True)
    """One line that heads the report."""
    question: str = eqx.field(static=True)
    """The decision that the scenario is about, as a question."""
    as_of: str = eqx.field(static=True)
    """ISO date of the decision: facts that became public later are refused."""
    draws: int = eqx.field(static=True)
    """Monte Carlo draws by default; a power of two keeps Sobol' points balanced."""
    seed: int = eqx.field(static=True)
    """Seed of the scrambled Sobol' points."""

    def faults(self) -> tuple[str, ...]:
        """A study needs at least two draws."""
        return ("draws: expected 2 or more, such as 1024",) if self.draws < 2 else ()


@dataclasses.dataclass(frozen=True)
class UncertainLeaf:
    """One sampled input: its path in the scenario, its distribution and its unit."""

    path: str
    distribution: Distribution
    unit: str


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where one value comes from: its path, the source as written, the file, and the day on
    which the fact became public, where the file says so (ISO date, else empty)."""

    path: str
    source: str
    file: str
    as_of: str = ""


class Scenario(eqx.Module):
    """One evaluation's inputs.

    `uncertainty`, `provenance` and `inputs` are records for studies and reports: no stage reads
    them. Units are those of the fields' declarations.
    """

    about: About
    vehicle: VehicleInputs
    cost: CostInputs
    market: MarketInputs
    plant: PlantInputs
    program: ProgramInputs
    deal: DealInputs
    cycles: dict[str, DriveCycle]
    """Speed traces by name: udds, hwfet, us06."""
    buyer_nodes: Float[Array, "buyer dimension"]
    """A designed rule of buyers, or quasi-Monte Carlo points in the unit cube (`draw_buyers`)."""
    start_of_quarter: Float[Array, " quarter"]
    """First day of every quarter of the program's calendar, decimal years."""
    model_year: Float[Array, " year"]
    """First day of every calendar year in which the market is solved."""
    uncertainty: tuple[UncertainLeaf, ...] = eqx.field(static=True)
    provenance: tuple[Provenance, ...] = eqx.field(static=True)
    inputs: tuple[tuple[str, str], ...] = eqx.field(static=True)
    """Name and SHA-256 of every file that was read."""


TABLES: dict[str, Any] = {
    "about": About,
    "vehicle": VehicleInputs,
    "cost": CostInputs,
    "market": MarketInputs,
    "plant": PlantInputs,
    "program": ProgramInputs,
    "deal": DealInputs,
}
"""The top-level tables of a scenario file and the module that each one fills."""


def leaf_path(keys: tuple[Any, ...]) -> str:
    """Dotted path of a leaf, such as `vehicle.designs.alaska-awd.mass`."""
    parts = (getattr(key, "name", None) or getattr(key, "key", None) for key in keys)
    return ".".join(str(part) for part in parts)


def leaf_paths(tree: Any) -> list[str]:
    """Paths of all leaves of a tree, in flattening order."""
    return [leaf_path(keys) for keys, _ in jax.tree_util.tree_leaves_with_path(tree)]
