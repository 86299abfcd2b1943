"""A table of vehicles on drive cycles: wall and battery energy, label, sprint, in one batch."""

from collections.abc import Mapping

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from framerail.vehicle import (
    DriveCycle,
    LabelCycles,
    LabelProcedure,
    SpecificationDefaults,
    TruckSpecification,
    design_from_specification,
    kwh_per_100_miles,
    performance,
    range_label,
    simulate_energy,
)

LABEL_CYCLES = ("udds", "hwfet")


@eqx.filter_jit
def _simulate(
    specification: TruckSpecification,
    defaults: SpecificationDefaults,
    cycles: dict[str, DriveCycle],
    procedure: LabelProcedure,
) -> dict[str, Float[Array, " row"]]:
    def one(spec: TruckSpecification) -> dict[str, Array]:
        design = design_from_specification(spec, defaults)
        found: dict[str, Array] = {}
        outcome = 0
        for name in sorted(cycles):
            use = simulate_energy(design, cycles[name], procedure.conditions)
            per_100_miles = kwh_per_100_miles(use.terminal_energy / use.distance)
            found[f"{name}_dc_kwh_per_100mi"] = per_100_miles
            wall = per_100_miles / design.charger.charge_efficiency
            found[f"{name}_wall_kwh_per_100mi"] = wall
            found[f"{name}_audit_residual"] = use.audit_residual
            outcome = outcome | use.outcome
        sprint = performance(design, procedure.conditions)
        found["zero_to_sixty_s"] = sprint.zero_to_sixty
        found["outcome"] = outcome | sprint.outcome
        if set(LABEL_CYCLES) <= set(cycles):
            label = range_label(
                design, LabelCycles(city=cycles["udds"], highway=cycles["hwfet"]), procedure
            )
            found["label_city_kwh_per_100mi"] = kwh_per_100_miles(label.city_consumption)
            found["label_highway_kwh_per_100mi"] = kwh_per_100_miles(label.highway_consumption)
            found["label_combined_kwh_per_100mi"] = label.combined_kwh_per_100_miles
            found["label_range_mi"] = label.range_miles
            weight = procedure.city_weight
            for kind in ("wall", "dc"):
                city = found[f"udds_{kind}_kwh_per_100mi"]
                highway = found[f"hwfet_{kind}_kwh_per_100mi"]
                found[f"combined_{kind}_kwh_per_100mi"] = weight * city + (1 - weight) * highway
        return found

    return jax.vmap(one)(specification)


def vehicle_batch(
    specification: TruckSpecification,
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    procedure: LabelProcedure,
) -> dict[str, np.ndarray]:
    """Simulate every row of a specification; one array per column, rows in order.

    Energies are kWh per 100 miles, `combined` is the unadjusted 55/45 mean; label columns need
    both udds and hwfet. `audit_residual` is the largest over the cycles; `outcome` a bit mask of
    the vehicle stage's `OUTCOMES`.
    """
    found = {
        key: np.asarray(value)
        for key, value in _simulate(specification, defaults, dict(cycles), procedure).items()
    }
    residuals = [found.pop(f"{name}_audit_residual") for name in sorted(cycles)]
    return found | {"audit_residual": np.max(np.stack(residuals), axis=0)}
