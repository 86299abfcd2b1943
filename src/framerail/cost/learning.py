"""How unit costs fall: with the industry's output, the program's volume, and purchasing scale.

Wright's law throughout: cost is proportional to (experience)^-exponent. Experience starts at a
legacy volume, so that the first truck has a finite cost.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, PositiveNumber, Units, Year


class IndustryLearning(Declared):
    """Wright's law in the industry's cumulative output since a start year."""

    exponent: Fraction
    """Elasticity of cost to cumulative output; 0.245 is 15.6 % per doubling."""
    legacy: PositiveNumber
    """Output before the start year, in the unit of the yearly output."""
    per_year: PositiveNumber
    """Output per year after the start year."""
    start: Year
    """Year whose costs the rates state."""

    def faults(self) -> tuple[str, ...]:
        """Experience needs a beginning."""
        if float(self.legacy) <= 0.0:
            return ("legacy: expected more than 0, the output before the start year",)
        return ()


class ProgramLearning(Declared):
    """Wright's law in the program's own volume, and scale in purchasing.

    The published rates are those of large, mature makers: both factors are 1 at the reference
    volumes, above 1 below them.
    """

    exponent: Fraction
    """Elasticity of program-specific cost to cumulative volume."""
    legacy_volume: Units
    """Experience of the first truck: carry-over parts and the suppliers' own volume."""
    reference_volume: Units
    """Cumulative volume at which the published rates hold."""
    scale_exponent: Fraction
    """Elasticity of purchase prices to annual volume."""
    purchasing_base: Units
    """Annual volume, in truck equivalents, that the partners' common purchasing brings."""
    reference_annual: Units
    """Annual volume at which the published rates hold."""

    def faults(self) -> tuple[str, ...]:
        """Both curves need a positive start."""
        names = ("legacy_volume", "purchasing_base")
        return tuple(
            f"{name}: expected more than 0, so that the first truck has a finite cost"
            for name in names
            if float(getattr(self, name)) <= 0.0
        )


class Sharing(Declared):
    """How one group of elements learns, and how much of it both top hats share."""

    program_share: Fraction
    """Share of the cost that is specific to this program and learns with its volume."""
    platform_share: Fraction
    """Share common to both top hats: it learns and is bought with both brands' trucks."""


class Commonality(Declared):
    """Parts sharing by group of elements."""

    pack: Sharing
    """Modules, tray, electronics of the pack."""
    drive: Sharing
    """Machines, inverters, gearboxes."""
    electrical: Sharing
    """Charger, cord, 12-volt battery, harnesses."""
    thermal: Sharing
    """Coolant circuit and HVAC."""
    structure: Sharing
    """Frame or unibody with bed."""
    exterior: Sharing
    """Closures, bed equipment, glass, lighting, paint."""
    chassis: Sharing
    """Suspension, wheels and tires, brakes, steering."""
    interior: Sharing
    """Seats, interior trim, restraints."""
    electronics: Sharing
    """Infotainment, driver assistance, body electrics."""


GROUPS: tuple[str, ...] = (
    "pack",
    "drive",
    "electrical",
    "thermal",
    "structure",
    "exterior",
    "chassis",
    "interior",
    "electronics",
)
"""Groups of elements in the order of `group_factors`."""


def industry_factor(learning: IndustryLearning, year: Float[Array, ""]) -> Float[Array, ""]:
    """Cost of `year` over that of the start year; 1 at and before the start.

    Source: EPA OMEGA, `powertrain_cost_frm.py`: ((output + legacy) / legacy)^rate.
    """
    output = learning.per_year * jnp.maximum(year - learning.start, 0.0)
    return (1.0 + output / learning.legacy) ** -learning.exponent


def experience_factor(
    learning: ProgramLearning, cumulative: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Program-specific cost at a cumulative volume over that at the reference volume."""
    experience = learning.legacy_volume + cumulative
    return (experience / (learning.legacy_volume + learning.reference_volume)) ** -learning.exponent


def purchasing_factor(
    learning: ProgramLearning, annual: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Purchase prices at an annual volume over those at the reference volume."""
    bought = learning.purchasing_base + annual
    reference = learning.purchasing_base + learning.reference_annual
    return (bought / reference) ** -learning.scale_exponent


def group_factors(
    learning: ProgramLearning,
    commonality: Commonality,
    cumulative: Float[Array, "2"],
    annual: Float[Array, "2"],
) -> Float[Array, "group"]:
    """Cost of each group of elements over its published rate.

    **Arguments:** `cumulative` and `annual` volumes, first of the platform (both brands), then of
    the top hat alone. Shared parts count the first, own parts the second.
    """
    sharing = [getattr(commonality, group) for group in GROUPS]
    program = jnp.stack([one.program_share for one in sharing])
    platform = jnp.stack([one.platform_share for one in sharing])
    experience = experience_factor(learning, cumulative)
    buying = purchasing_factor(learning, annual)
    factor = buying[None, :] * (1.0 + program[:, None] * (experience[None, :] - 1.0))
    return platform * factor[:, 0] + (1.0 - platform) * factor[:, 1]
