"""A table of vehicles on drive cycles: wall and battery energy, label, sprint, in one batch."""

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.vehicle import (
    OFFSETS,
    DriveCycle,
    EnergyUse,
    LabelProcedure,
    SpecificationDefaults,
    TruckSpecification,
    VehicleDesign,
    design_with_offsets,
    kwh_per_100_miles,
    performance,
    simulate_energy,
    usable_energy,
)

LABEL_CYCLES = ("udds", "hwfet")
CHUNK = 256
"""Rows of one compiled call, at most."""
QUANTILE = 1.6448536269514722
"""95 % quantile of the normal distribution."""

Figures = dict[str, Float[Array, "..."]]


@dataclasses.dataclass(frozen=True)
class RowEstimates:
    """Component offsets of every row and how sure they are; see `studies.calibration`."""

    offsets: np.ndarray
    """Most likely offsets, (row, offset)."""
    covariance: np.ndarray
    """Their covariance, (row, offset, offset)."""
    noise: np.ndarray
    """Covariance of the log energies of one UDDS and one HWFET test, (2, 2)."""


def _cycle_figures(name: str, use: EnergyUse, design: VehicleDesign) -> Figures:
    per_100_miles = kwh_per_100_miles(use.terminal_energy / use.distance)
    return {
        f"{name}_dc_kwh_per_100mi": per_100_miles,
        f"{name}_wall_kwh_per_100mi": per_100_miles / design.charger.charge_efficiency,
        f"{name}_audit_residual": use.audit_residual,
    }


def _label_figures(found: Figures, design: VehicleDesign, procedure: LabelProcedure) -> Figures:
    """Combined and label figures from those of the two label cycles (as `range_label` has them)."""
    weight, factor = procedure.city_weight, procedure.adjustment_factor
    more: Figures = {}
    for kind in ("wall", "dc"):
        city, highway = (found[f"{name}_{kind}_kwh_per_100mi"] for name in LABEL_CYCLES)
        more[f"combined_{kind}_kwh_per_100mi"] = weight * city + (1.0 - weight) * highway
    city, highway = (found[f"{name}_wall_kwh_per_100mi"] / factor for name in LABEL_CYCLES)
    per_mile = (found[f"{name}_dc_kwh_per_100mi"] * 3.6e4 for name in LABEL_CYCLES)
    reach = [factor * usable_energy(design.battery) / use for use in per_mile]
    return more | {
        "label_city_kwh_per_100mi": city,
        "label_highway_kwh_per_100mi": highway,
        "label_combined_kwh_per_100mi": weight * city + (1.0 - weight) * highway,
        "label_range_mi": weight * reach[0] + (1.0 - weight) * reach[1],
    }


def _test_scatter(names: list[str], found: Figures, noise: Float[Array, "2 2"]) -> Array:
    """Variance of the log of each wall figure from the scatter of a test.

    A cycle that was not estimated from has the larger scatter of the two that were.
    """
    alone = {"udds": noise[0, 0], "hwfet": noise[1, 1]}
    largest = jnp.maximum(noise[0, 0], noise[1, 1])
    scatter = [alone.get(name, largest) for name in names if name != "combined"]
    if "combined" in names:
        energy = jnp.stack([found[f"{name}_wall_kwh_per_100mi"] for name in LABEL_CYCLES])
        part = energy * jnp.asarray([0.55, 0.45])
        part = part / part.sum()
        scatter.append(part @ noise @ part)
    return jnp.stack(scatter)


@eqx.filter_jit
def _simulate(
    specification: TruckSpecification,
    offsets: Float[Array, "row offset"],
    covariance: Float[Array, "row offset offset"],
    noise: Float[Array, "2 2"],
    defaults: SpecificationDefaults,
    cycles: dict[str, DriveCycle],
    procedure: LabelProcedure,
) -> Figures:
    names = sorted(cycles)
    labeled = set(LABEL_CYCLES) <= set(cycles)
    shown = [*names, "combined"] if labeled else names

    def figures(moved: Float[Array, "offset"], spec: TruckSpecification) -> tuple[Array, Figures]:
        design = design_with_offsets(spec, defaults, moved)
        found: Figures = {}
        outcome = jnp.zeros((), jnp.int32)
        for name in names:
            use = simulate_energy(design, cycles[name], procedure.conditions)
            found |= _cycle_figures(name, use, design)
            outcome = outcome | use.outcome
        found |= _label_figures(found, design, procedure) if labeled else {}
        logs = jnp.stack([jnp.log(found[f"{name}_wall_kwh_per_100mi"]) for name in shown])
        return logs, found | {"outcome": outcome}

    def one(spec: TruckSpecification, moved: Array, spread: Array) -> Figures:
        slope, found = jax.jacfwd(figures, has_aux=True)(moved, spec)
        variance = jnp.einsum("cp,pq,cq->c", slope, spread, slope)
        width = QUANTILE * jnp.sqrt(variance + _test_scatter(shown, found, noise))
        for index, name in enumerate(shown):
            key = f"{name}_wall_kwh_per_100mi"
            found[f"{key}_p05"] = found[key] * jnp.exp(-width[index])
            found[f"{key}_p95"] = found[key] * jnp.exp(width[index])
        sprint = performance(design_with_offsets(spec, defaults, moved), procedure.conditions)
        found["zero_to_sixty_s"] = sprint.zero_to_sixty
        found["outcome"] = found["outcome"] | sprint.outcome
        return found

    return jax.vmap(one)(specification, offsets, covariance)


def vehicle_batch(
    specification: TruckSpecification,
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    procedure: LabelProcedure,
    estimates: RowEstimates | None = None,
) -> dict[str, np.ndarray]:
    """Simulate every row of a specification; one array per column, rows in order.

    Energies are kWh per 100 miles, `combined` is the unadjusted 55/45 mean; label columns need
    both udds and hwfet. `_p05` and `_p95` bound a wall figure's 90 % interval for one test:
    components uncertain as estimated, and a test's own scatter. `audit_residual` is the largest
    over the cycles; `outcome` a bit mask of the vehicle stage's `OUTCOMES`. Without `estimates`
    components are those of the rules and there are no bounds.
    """
    count = specification.A_lbf.shape[0]
    size = min(CHUNK, 1 << max(count - 1, 0).bit_length())
    known = estimates or _no_estimates(count)
    parts = []
    for first in range(0, count, size):
        rows = np.arange(first, first + size) % count
        part = jax.tree.map(lambda leaf, rows=rows: leaf[rows], specification)
        moved, spread = (jnp.asarray(x[rows]) for x in (known.offsets, known.covariance))
        noise = jnp.asarray(known.noise)
        chunk = _simulate(part, moved, spread, noise, defaults, dict(cycles), procedure)
        parts.append({key: np.asarray(value) for key, value in chunk.items()})
    found = {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}
    residuals = [np.abs(found.pop(f"{name}_audit_residual")) for name in sorted(cycles)]
    if estimates is None:
        found = {key: value for key, value in found.items() if key[-4:] not in ("_p05", "_p95")}
    return found | {"audit_residual": np.max(np.stack(residuals), axis=0)}


def _no_estimates(count: int) -> RowEstimates:
    width = len(OFFSETS)
    return RowEstimates(np.zeros((count, width)), np.zeros((count, width, width)), np.zeros((2, 2)))
