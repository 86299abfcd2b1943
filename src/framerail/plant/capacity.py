"""Capacity: jobs per hour x hours x shifts x days x uptime."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.plant.site import Site
from framerail.quantities import Scalar


def line_capacity(site: Site) -> Scalar:
    """Capacity of the line that carries the program (trucks per year)."""
    hours = site.hours_per_shift * site.shifts * site.days_per_year
    return site.jobs_per_hour * hours * site.uptime


def program_capacity(site: Site) -> Scalar:
    """Mature capacity open to the program (trucks per year).

    The lesser of what the conversion installs and what the other models leave free on the line.
    """
    return jnp.minimum(site.installed_capacity, site.share_available * line_capacity(site))


def plant_utilization(site: Site, program_per_year: Float[Array, "..."]) -> Float[Array, "..."]:
    """Output of the whole plant over its capacity, with `program_per_year` trucks added."""
    return (site.other_output + program_per_year) / jnp.maximum(site.plant_capacity, 1.0)


def volume_to_break_even(site: Site) -> Scalar:
    """Program trucks per year that lift the plant to its break-even utilization (0 if above)."""
    target = site.break_even_utilization * site.plant_capacity
    return jnp.maximum(target - site.other_output, 0.0)


def contribution_break_even(site: Site) -> Scalar:
    """Utilization at which the contribution of what is built pays plant and program fixed cost.

    All vehicles count with the contribution of the others. The trade's break-even (the input
    `break_even_utilization`, near 80%) is higher: it also pays engineering and overhead. Above one
    means that a full plant does not pay its fixed cost; a plant without capacity gives zero.
    """
    full = site.contribution_of_other * site.plant_capacity
    fixed = site.fixed_cost + site.program_fixed_cost
    return jnp.where(full > 0, fixed / jnp.where(full > 0, full, 1.0), 0.0)
