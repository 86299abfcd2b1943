"""What crews cost beyond the labor of every truck: overtime, idle hours, hiring and dismissal."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.plant.order_book import Flow
from framerail.plant.site import OrderRules, Site
from framerail.quantities import Scalar


class Staffing(eqx.Module):
    """Crews and their cost by quarter, dollars at the site's wage (the caller indexes it).

    The labor of the trucks built, at regular pay, is not in here: it is in the unit cost.

    Attributes:
        shifts: shifts at work on the line.
        overtime_premium: premium on the hours of trucks built in overtime.
        idle_labor: pay of crews for which there was no work.
        crew_change: hiring and training of added crews, dismissal of dropped ones.
    """

    shifts: Float[Array, "quarter"]
    overtime_premium: Float[Array, "quarter"]
    idle_labor: Float[Array, "quarter"]
    crew_change: Float[Array, "quarter"]

    @property
    def total(self) -> Float[Array, "quarter"]:
        """All three costs (dollars)."""
        return self.overtime_premium + self.idle_labor + self.crew_change


def staffing(
    site: Site,
    rules: OrderRules,
    trucks: Flow,
    capacity: Float[Array, "quarter"],
    mature_year: Scalar,
) -> Staffing:
    """Cost of overtime, idle hours and changes of crews.

    Args:
        site: wage, hours per truck and shifts.
        rules: premium and cost of a change.
        trucks: what was built, with which crews.
        capacity: trucks that full crews build in regular hours, by quarter.
        mature_year: trucks a year at the mature rate; sizes the full crews' pay.
    """
    built = jnp.sum(trucks.output, axis=1)
    idle = jnp.maximum(capacity * trucks.crews - built, 0.0)
    pay = site.wage * site.labor_hours
    change = jnp.abs(jnp.diff(trucks.crews, prepend=1.0))
    return Staffing(
        shifts=site.shifts * trucks.crews,
        overtime_premium=rules.overtime_premium * pay * trucks.overtime,
        idle_labor=pay * idle,
        crew_change=rules.crew_change_time * pay * mature_year * change,
    )
