"""Logarithms of a table's cycle energies and their slopes in the component parameters."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.studies.calibration.features import PARAMETERS
from framerail.vehicle import (
    OFFSETS,
    Conditions,
    DriveCycle,
    SpecificationDefaults,
    TruckSpecification,
    design_with_offsets,
    kwh_per_100_miles,
    simulate_energy,
)

CYCLES = ("udds", "hwfet")
"""Order of the cycle axis of the estimate."""


@dataclasses.dataclass(frozen=True)
class Bench:
    """Everything that stays the same between simulations of one table."""

    specification: TruckSpecification
    """Rows of the table."""
    at_wall: Float[Array, "row"]
    """One where the energy was measured at the wall, zero at the battery."""
    defaults: SpecificationDefaults
    cycles: Mapping[str, DriveCycle]
    """In the order of the cycle axis."""
    conditions: Conditions

    def energies(self, parameters: np.ndarray) -> np.ndarray:
        """Log kWh/100 mi of every row at its parameters, (row, cycle)."""
        return np.asarray(_energies(*self._arguments(parameters)))

    def linearized(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same with slopes, (row, cycle, parameter)."""
        value, slope = _linearized(*self._arguments(parameters))
        return np.asarray(value), np.asarray(slope)

    def _arguments(self, parameters: np.ndarray) -> tuple:
        cycles = tuple(self.cycles.values())
        moved = jnp.asarray(parameters)
        return self.specification, self.at_wall, moved, self.defaults, cycles, self.conditions


def _log_energies(
    parameters: Float[Array, "parameter"],
    spec: TruckSpecification,
    at_wall: Float[Array, ""],
    defaults: SpecificationDefaults,
    cycles: tuple[DriveCycle, ...],
    conditions: Conditions,
) -> Float[Array, "cycle"]:
    offsets = jnp.concatenate([parameters, jnp.zeros(len(OFFSETS) - len(PARAMETERS))])
    design = design_with_offsets(spec, defaults, offsets)
    uses = [simulate_energy(design, cycle, conditions) for cycle in cycles]
    energy = jnp.stack([kwh_per_100_miles(use.terminal_energy / use.distance) for use in uses])
    return jnp.log(energy) - at_wall * jnp.log(design.charger.charge_efficiency)


@eqx.filter_jit
def _energies(
    spec: TruckSpecification,
    at_wall: Float[Array, "row"],
    parameters: Float[Array, "row parameter"],
    *fixed: Any,
) -> Float[Array, "row cycle"]:
    return jax.vmap(lambda s, w, p: _log_energies(p, s, w, *fixed))(spec, at_wall, parameters)


@eqx.filter_jit
def _linearized(
    spec: TruckSpecification,
    at_wall: Float[Array, "row"],
    parameters: Float[Array, "row parameter"],
    *fixed: Any,
) -> tuple[Float[Array, "row cycle"], Float[Array, "row cycle parameter"]]:
    def one(
        s: TruckSpecification, w: Float[Array, ""], p: Float[Array, "parameter"]
    ) -> tuple[Float[Array, "cycle"], Float[Array, "cycle parameter"]]:
        return _log_energies(p, s, w, *fixed), jax.jacfwd(_log_energies)(p, s, w, *fixed)

    return jax.vmap(one)(spec, at_wall, parameters)
