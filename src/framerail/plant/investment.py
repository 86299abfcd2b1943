"""Conversion investment, launch cost and what the plant loses while it is converted."""

import equinox as eqx
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, spread
from framerail.plant.site import Launch, Site
from framerail.quantities import Scalar


class Investment(eqx.Module):
    """Outlays of a site before and at launch, by quarter (dollars, positive = paid).

    Attributes:
        conversion: line conversion, before incentives.
        incentive: state and local incentive received.
        launch: training, trial builds, start-up scrap.
        lost_contribution: contribution of other vehicles not built during the conversion.
    """

    conversion: Float[Array, "quarter"]
    incentive: Float[Array, "quarter"]
    launch: Float[Array, "quarter"]
    lost_contribution: Float[Array, "quarter"]


def conversion_total(site: Site) -> Scalar:
    """Conversion investment before incentives (dollars)."""
    return site.conversion_fixed + site.conversion_per_annual_truck * site.installed_capacity


def invest(
    site: Site, launch: Launch, start_of_production: Scalar, grid: QuarterGrid
) -> Investment:
    """Spread a site's outlays around the start of production.

    The conversion and the lost output are even over `conversion_time` before the start, the
    launch cost even from the start to half rate.
    """
    begin = start_of_production - site.conversion_time
    conversion = spread(conversion_total(site), begin, start_of_production, grid)
    lost = site.lost_output * site.contribution_of_other
    half_rate = start_of_production + launch.time_to_half
    return Investment(
        conversion=conversion,
        incentive=site.incentive_fraction * conversion,
        launch=spread(site.launch_cost, start_of_production, half_rate, grid),
        lost_contribution=spread(lost, begin, start_of_production, grid),
    )
