"""Production by quarter: what a site makes of the orders, its utilization and its costs."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_between
from framerail.numerics.outcome import Outcome, flag
from framerail.plant.capacity import (
    contribution_break_even,
    plant_utilization,
    program_capacity,
    volume_to_break_even,
)
from framerail.plant.investment import Investment, invest
from framerail.plant.launch_curve import launch_fraction
from framerail.plant.order_book import Flow, conservation_residual, order_book
from framerail.plant.site import Launch, OrderRules, Site
from framerail.plant.staffing import Staffing, staffing
from framerail.quantities import Scalar

OUTCOMES = (
    Outcome(
        "no_capacity",
        "The plant has no capacity for the program in any quarter.",
        "Raise installed_capacity, share_available or shifts, or end production after its start.",
    ),
    Outcome(
        "backlog_never_clears",
        "Orders still wait when production ends.",
        "Raise capacity, start earlier, or build on after the last orders.",
    ),
    Outcome(
        "unsold_stock",
        "Finished trucks are left over in the last quarter.",
        "Lower stock_time or let orders run to the end of production.",
    ),
    Outcome(
        "end_before_start",
        "Production ends before it starts.",
        "Set planned_end_of_production after planned_start_of_production and its delay.",
    ),
    Outcome(
        "launch_before_plant",
        "Production starts before the plant stands.",
        "Start production after the site's available_from, or choose a site that stands.",
    ),
    Outcome(
        "conversion_before_calendar",
        "The conversion would have to begin more than a quarter before the calendar.",
        "Start production later, or shorten the site's conversion_time.",
    ),
    Outcome(
        "negative_orders",
        "Orders below zero were taken as zero.",
        "Give orders of at least zero trucks.",
    ),
)
"""What a production plan may have to say beside its figures."""

_NEGLIGIBLE = 0.01  # of all orders, or of all output
_TINY = 1e-9  # trucks


class Production(eqx.Module):
    """What a site makes of the orders, and what it costs.

    Attributes:
        trucks: output, deliveries, cancellations, backlog and stock (trucks).
        capacity: trucks that full crews could build in the quarter in regular hours, launch curve
            included.
        launch_fraction: mean share of the mature rate reached in the quarter (0 to 1).
        line_utilization: output over `capacity`, above one in overtime; zero where there is none.
        plant_utilization: whole plant, program included, over its yearly capacity.
        plant_utilization_without: the same without the program.
        break_even_volume: program trucks a year that lift the plant to the utilization at which it
            breaks even (the site's `break_even_utilization`).
        contribution_break_even: utilization at which the contribution of the vehicles built pays
            the fixed cost of plant and program.
        staffing: crews and what they cost beyond the labor of every truck.
        investment: conversion, incentive, launch cost and lost contribution (dollars).
        labor_hours: hourly labor per truck, launch excess included.
        program_fixed_cost: fixed cost that only the program causes (dollars).
        fixed_cost_absorbed: share of the plant's own fixed cost carried by the program by output
            (dollars). Not cash of the owner's program: the plant pays it anyway; it is what a
            partner's build fee can bring in.
        displaced_contribution: contribution of others crowded out of a full plant (dollars).
        residual: largest gap in the conservation of orders and trucks (trucks).
        outcome: bits of `OUTCOMES`.
    """

    trucks: Flow
    capacity: Float[Array, "quarter"]
    launch_fraction: Float[Array, "quarter"]
    line_utilization: Float[Array, "quarter"]
    plant_utilization: Float[Array, "quarter"]
    plant_utilization_without: Scalar
    break_even_volume: Scalar
    contribution_break_even: Scalar
    staffing: Staffing
    investment: Investment
    labor_hours: Float[Array, "quarter"]
    program_fixed_cost: Float[Array, "quarter"]
    fixed_cost_absorbed: Float[Array, "quarter"]
    displaced_contribution: Float[Array, "quarter"]
    residual: Scalar
    outcome: Int[Array, ""]


class Line(eqx.Module):
    """What a site's line can build by quarter, whatever is ordered.

    Attributes:
        climb: mean share of the mature rate reached in the quarter (0 to 1).
        running: share of the quarter in which it builds.
        mature: trucks a quarter, once climbed.
    """

    climb: Float[Array, "quarter"]
    running: Float[Array, "quarter"]
    mature: Scalar

    @property
    def capacity(self) -> Float[Array, "quarter"]:
        """Trucks that full crews could build in the quarter in regular hours."""
        return self.mature * self.climb


def production_line(
    site: Site,
    launch: Launch,
    start_of_production: Scalar,
    end_of_production: Scalar,
    grid: QuarterGrid,
) -> Line:
    """A site's line with its launch curve; dates are decimal years."""
    return Line(
        climb=launch_fraction(launch, start_of_production, end_of_production, grid),
        running=fraction_between(start_of_production, end_of_production, grid),
        mature=QUARTER * program_capacity(site) * launch.realized_over_announced,
    )


def build_orders(line: Line, rules: OrderRules, orders: Float[Array, "quarter truck"]) -> Flow:
    """Trucks alone of what `produce` says: what the line makes of the orders."""
    return order_book(jnp.maximum(orders, 0.0), line.capacity, line.running, rules)


def produce(
    site: Site,
    launch: Launch,
    rules: OrderRules,
    orders: Float[Array, "quarter truck"],
    start_of_production: Scalar,
    end_of_production: Scalar,
    grid: QuarterGrid,
) -> Production:
    """Build what is ordered, as far as the site can.

    Args:
        site: the plant.
        launch: its climb to the mature rate, and how much of the installed rate is ever reached.
        rules: waiting orders, crews, stock.
        orders: new orders by quarter and model (trucks; negative ones count as zero and are named).
        start_of_production: decimal year.
        end_of_production: decimal year; nothing is built after it.
        grid: the calendar.

    Returns:
        Trucks, utilization and cost by quarter. Everything is continuous in the two dates.
    """
    line = production_line(site, launch, start_of_production, end_of_production, grid)
    placed, capacity = jnp.maximum(orders, 0.0), line.capacity
    trucks = build_orders(line, rules, orders)
    begins = start_of_production - site.conversion_time
    named = (
        _outcome(trucks, placed, capacity)
        | flag(end_of_production <= start_of_production, 3)
        | flag(start_of_production < site.available_from, 4)
        | flag(begins < grid.start_of_quarter[0] - QUARTER, 5)
        | flag(jnp.any(orders < 0), 6)
    )
    return _account(
        site,
        trucks,
        line,
        placed,
        invest(site, launch, start_of_production, grid),
        staffing(site, rules, trucks, capacity, line.mature / QUARTER),
        named,
    )


def _outcome(
    trucks: Flow, orders: Float[Array, "quarter truck"], capacity: Float[Array, "quarter"]
) -> Int[Array, ""]:
    # The last quarter with capacity is the end of production: what waits there never clears.
    builds = capacity > 0
    follows = jnp.append(builds[1:], False)
    waiting = jnp.sum(jnp.where(builds & ~follows, jnp.sum(trucks.backlog, axis=1), 0.0))
    left = jnp.sum(trucks.stock[-1])
    return (
        flag(~jnp.any(builds), 0)
        | flag(waiting > _NEGLIGIBLE * jnp.sum(orders), 1)
        | flag(left > _NEGLIGIBLE * jnp.sum(trucks.output), 2)
    )


def _account(
    site: Site,
    trucks: Flow,
    line: Line,
    orders: Float[Array, "quarter truck"],
    investment: Investment,
    crews: Staffing,
    outcome: Int[Array, ""],
) -> Production:
    climb, running, capacity = line.climb, line.running, line.capacity
    output = jnp.sum(trucks.output, axis=1)
    other = QUARTER * site.other_output
    displaced = jnp.maximum(output + other - QUARTER * site.plant_capacity, 0.0)
    everything = output + other - displaced
    share = output / jnp.maximum(everything, _TINY)
    maturity = jnp.where(running > 0, climb / jnp.where(running > 0, running, 1.0), 1.0)
    hours = site.labor_hours * (1.0 + site.launch_labor_excess * (1.0 - maturity))
    return Production(
        trucks=trucks,
        capacity=capacity,
        launch_fraction=climb,
        line_utilization=jnp.where(
            capacity > 0, output / jnp.where(capacity > 0, capacity, 1.0), 0.0
        ),
        plant_utilization=plant_utilization(site, (output - displaced) / QUARTER),
        plant_utilization_without=plant_utilization(site, jnp.zeros(())),
        break_even_volume=volume_to_break_even(site),
        contribution_break_even=contribution_break_even(site),
        staffing=crews,
        investment=investment,
        labor_hours=hours,
        program_fixed_cost=QUARTER * site.program_fixed_cost * running,
        fixed_cost_absorbed=QUARTER * site.fixed_cost * share,
        displaced_contribution=displaced * site.contribution_of_other,
        residual=conservation_residual(trucks, orders),
        outcome=outcome,
    )
