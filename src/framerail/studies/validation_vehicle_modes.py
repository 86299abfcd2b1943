"""One car driven in two modes of regeneration, beside its two certificates."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.scenario_file import read_cycle, read_rows, read_specification_defaults
from framerail.studies.vehicle_use_cases import ValidationRow, designs_of
from framerail.vehicle import (
    Conditions,
    DriveCycle,
    RegenerationMode,
    simulate_energy,
    with_regeneration_mode,
)

_CAR = "ID.4 Pro"
"""It brakes by wire in D and B, in B also on lift-off."""


def modes_check() -> tuple[ValidationRow, ...]:
    """Battery energy in position B over that in D (`blended`); nothing is estimated, no bar."""
    rows = [row for row in read_rows("vehicle/certificate_summaries.csv") if _CAR in row["name"]]
    by_position = {row["car"].rsplit(" ", 1)[1]: row for row in rows}
    modes = read_specification_defaults().regeneration_modes
    design = jax.tree.map(lambda leaf: leaf[0], designs_of([by_position["D"]]))
    values = (293.15, 98_210.0, 0.0, 0.9, 0.5)
    conditions = Conditions(*(jnp.asarray(value, jnp.float64) for value in values))

    @jax.jit
    def energy(mode: RegenerationMode, cycle: DriveCycle) -> Float[Array, ""]:
        moved = with_regeneration_mode(design, mode)
        return simulate_energy(moved, cycle, conditions, stepwise=True).terminal_energy

    found = []
    for name in ("udds", "hwfet"):
        cycle = read_cycle(name)
        told = [float(by_position[place][f"{name}_dc_wh_per_mi"]) for place in ("D", "B")]
        base = float(energy(modes["blended"], cycle))
        for mode in ("lift-off", "one-pedal"):
            what = f"ID.4 B as {mode}, {name.upper()}"
            ratio = float(energy(modes[mode], cycle)) / base
            found.append(ValidationRow(what, "ratio", ratio, told[1] / told[0]))
    return tuple(found)
