"""A table of vehicles on drive cycles: wall and battery energy, label, sprint, in one batch."""

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

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
    label_of,
    performance,
    simulate_energy,
)

LABEL_CYCLES = ("udds", "hwfet")
CHUNK = 256
"""Rows of one compiled call, at most."""
QUANTILE = 1.6448536269514722
"""95 % quantile of the normal distribution."""

Figures = dict[str, Shaped[Array, "..."]]


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


def _label_figures(
    uses: dict[str, EnergyUse], design: VehicleDesign, procedure: LabelProcedure
) -> Figures:
    """Combined and label figures of the two label cycles."""
    label = label_of(design, uses[LABEL_CYCLES[0]], uses[LABEL_CYCLES[1]], procedure)
    weight = procedure.city_weight
    pairs = {
        "wall": (label.city_wall, label.highway_wall),
        "dc": (label.city_battery, label.highway_battery),
    }
    combined = {
        f"combined_{kind}_kwh_per_100mi": kwh_per_100_miles(weight * city + (1.0 - weight) * road)
        for kind, (city, road) in pairs.items()
    }
    return combined | {
        "label_city_kwh_per_100mi": kwh_per_100_miles(label.city_consumption),
        "label_highway_kwh_per_100mi": kwh_per_100_miles(label.highway_consumption),
        "label_combined_kwh_per_100mi": label.combined_kwh_per_100_miles,
        "label_range_mi": label.range_miles,
    }


def _test_scatter(
    names: list[str], found: Figures, noise: Float[Array, "2 2"], city_weight: Float[Array, ""]
) -> Array:
    """Variance of the log of each wall figure from the scatter of a test.

    A cycle that was not estimated from has the larger scatter of the two that were.
    """
    alone = {"udds": noise[0, 0], "hwfet": noise[1, 1]}
    largest = jnp.maximum(noise[0, 0], noise[1, 1])
    scatter = [alone.get(name, largest) for name in names if name != "combined"]
    if "combined" in names:
        energy = jnp.stack([found[f"{name}_wall_kwh_per_100mi"] for name in LABEL_CYCLES])
        part = energy * jnp.stack([city_weight, 1.0 - city_weight])
        part = part / part.sum()
        scatter.append(part @ noise @ part)
    return jnp.stack(scatter)


@eqx.filter_jit
def _simulate(
    specification: TruckSpecification,
    known: tuple[Array, Array, Array] | None,
    defaults: SpecificationDefaults,
    cycles: dict[str, DriveCycle],
    procedure: LabelProcedure,
) -> Figures:
    """Figures of every row; `known` is its offsets, their covariance, and a test's scatter."""
    names = sorted(cycles)
    labeled = set(LABEL_CYCLES) <= set(cycles)
    shown = [*names, "combined"] if labeled else names

    def figures(moved: Float[Array, "offset"], spec: TruckSpecification) -> tuple[Array, Figures]:
        design = design_with_offsets(spec, defaults, moved)
        uses = {name: simulate_energy(design, cycles[name], procedure.conditions) for name in names}
        sprint = performance(design, procedure.conditions)
        found: Figures = {"zero_to_sixty_s": sprint.zero_to_sixty, "outcome": sprint.outcome}
        for name, use in uses.items():
            found |= _cycle_figures(name, use, design)
            found["outcome"] = found["outcome"] | use.outcome
        found |= _label_figures(uses, design, procedure) if labeled else {}
        logs = jnp.stack([jnp.log(found[f"{name}_wall_kwh_per_100mi"]) for name in shown])
        return logs, found

    if known is None:
        nothing = jnp.zeros(len(OFFSETS))
        return jax.vmap(lambda spec: figures(nothing, spec)[1])(specification)
    offsets, covariance, noise = known

    def one(spec: TruckSpecification, moved: Array, spread: Array) -> Figures:
        slope, found = jax.jacfwd(figures, has_aux=True)(moved, spec)
        variance = jnp.einsum("cp,pq,cq->c", slope, spread, slope)
        scatter = _test_scatter(shown, found, noise, procedure.city_weight)
        width = QUANTILE * jnp.sqrt(variance + scatter)
        for index, name in enumerate(shown):
            key = f"{name}_wall_kwh_per_100mi"
            found[f"{key}_p05"] = found[key] * jnp.exp(-width[index])
            found[f"{key}_p95"] = found[key] * jnp.exp(width[index])
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
    parts = []
    for first in range(0, count, size):
        rows = np.arange(first, first + size) % count
        part = jax.tree.map(lambda leaf, rows=rows: leaf[rows], specification)
        chunk = _simulate(part, _of_rows(estimates, rows), defaults, dict(cycles), procedure)
        parts.append({key: np.asarray(value) for key, value in chunk.items()})
    found = {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}
    residuals = [np.abs(found.pop(f"{name}_audit_residual")) for name in sorted(cycles)]
    return found | {"audit_residual": np.max(np.stack(residuals), axis=0)}


def _of_rows(estimates: RowEstimates | None, rows: np.ndarray) -> tuple[Array, Array, Array] | None:
    if estimates is None:
        return None
    moved, spread = estimates.offsets[rows], estimates.covariance[rows]
    return jnp.asarray(moved), jnp.asarray(spread), jnp.asarray(estimates.noise)
