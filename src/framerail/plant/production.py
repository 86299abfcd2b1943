"""Orders against output by quarter: backlog, cancellation, finished stock, utilization and cost."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_between
from framerail.numerics.outcome import Outcome, flag
from framerail.plant.capacity import plant_utilization, program_capacity
from framerail.plant.investment import Investment, invest
from framerail.plant.launch_curve import launch_fraction
from framerail.plant.site import Launch, OrderRules, Site
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
)
"""What a production plan may have to say beside its figures."""

_NEGLIGIBLE = 0.01  # of all orders, or of all output
_TINY = 1e-9  # trucks


class Flow(eqx.Module):
    """Trucks by quarter and model, one row per quarter.

    Attributes:
        output: trucks built.
        deliveries: trucks handed over against orders.
        cancelled: waiting orders that left.
        backlog: orders still waiting at the end of the quarter.
        stock: finished trucks at the end of the quarter.
    """

    output: Float[Array, "*quarter truck"]
    deliveries: Float[Array, "*quarter truck"]
    cancelled: Float[Array, "*quarter truck"]
    backlog: Float[Array, "*quarter truck"]
    stock: Float[Array, "*quarter truck"]


class Production(eqx.Module):
    """What a site makes of the orders, and what it costs.

    Attributes:
        trucks: output, deliveries, cancellations, backlog and stock (trucks).
        capacity: trucks that the program could build in the quarter, launch curve included.
        launch_fraction: mean share of the mature rate reached in the quarter (0 to 1).
        line_utilization: output over `capacity`; zero where there is none.
        plant_utilization: whole plant, program included, over its yearly capacity.
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
    investment: Investment
    labor_hours: Float[Array, "quarter"]
    program_fixed_cost: Float[Array, "quarter"]
    fixed_cost_absorbed: Float[Array, "quarter"]
    displaced_contribution: Float[Array, "quarter"]
    residual: Scalar
    outcome: Int[Array, ""]


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
        rules: cancellation of waiting orders and the stock held.
        orders: new orders by quarter and model (trucks, at least zero).
        start_of_production: decimal year.
        end_of_production: decimal year; nothing is built after it.
        grid: the calendar.

    Returns:
        Trucks, utilization and cost by quarter. Everything is continuous in the two dates.
    """
    climb = launch_fraction(launch, start_of_production, end_of_production, grid)
    mature = QUARTER * program_capacity(site) * launch.realized_over_announced
    running = fraction_between(start_of_production, end_of_production, grid)
    capacity = mature * climb
    trucks = order_book(orders, capacity, running, rules)
    investment = invest(site, launch, start_of_production, grid)
    return _account(site, trucks, climb, running, capacity, investment, orders)


def order_book(
    orders: Float[Array, "quarter truck"],
    capacity: Float[Array, "quarter"],
    running: Float[Array, "quarter"],
    rules: OrderRules,
) -> Flow:
    """Serve orders from stock and output, quarter by quarter.

    Output is shared among the models in proportion to what each still needs: new and waiting
    orders plus the stock aimed at, less the stock in hand. Stock is aimed at only while the line
    runs (`running`, share of the quarter). Waiting orders leave at the cancellation rate.
    """

    def step(
        state: tuple[Float[Array, "truck"], Float[Array, "truck"]],
        quarter: tuple[Float[Array, "truck"], Scalar, Scalar],
    ) -> tuple[tuple[Float[Array, "truck"], Float[Array, "truck"]], Flow]:
        backlog, stock = state
        new, limit, active = quarter
        wanted = backlog + new
        aim = rules.stock_time / QUARTER * new * active
        needed = jnp.maximum(wanted + aim - stock, 0.0)
        total = jnp.sum(needed)
        output = needed * jnp.minimum(total, limit) / jnp.maximum(total, _TINY)
        deliveries = jnp.minimum(wanted, stock + output)
        cancelled = rules.cancellation * (wanted - deliveries)
        backlog = wanted - deliveries - cancelled
        stock = stock + output - deliveries
        return (backlog, stock), Flow(output, deliveries, cancelled, backlog, stock)

    nothing = jnp.zeros_like(orders[0])
    _, flow = jax.lax.scan(step, (nothing, nothing), (orders, capacity, running))
    return flow


def conservation_residual(trucks: Flow, orders: Float[Array, "quarter truck"]) -> Scalar:
    """Largest gap, over quarters and models, in the two balances (trucks).

    Cumulative orders = deliveries + cancellations + backlog; output = deliveries + stock.
    """
    delivered = jnp.cumsum(trucks.deliveries, axis=0)
    orders_gap = (
        jnp.cumsum(orders, axis=0)
        - delivered
        - jnp.cumsum(trucks.cancelled, axis=0)
        - trucks.backlog
    )
    trucks_gap = jnp.cumsum(trucks.output, axis=0) - delivered - trucks.stock
    return jnp.maximum(jnp.max(jnp.abs(orders_gap)), jnp.max(jnp.abs(trucks_gap)))


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
    climb: Float[Array, "quarter"],
    running: Float[Array, "quarter"],
    capacity: Float[Array, "quarter"],
    investment: Investment,
    orders: Float[Array, "quarter truck"],
) -> Production:
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
        investment=investment,
        labor_hours=hours,
        program_fixed_cost=QUARTER * site.program_fixed_cost * running,
        fixed_cost_absorbed=QUARTER * site.fixed_cost * share,
        displaced_contribution=displaced * site.contribution_of_other,
        residual=conservation_residual(trucks, orders),
        outcome=_outcome(trucks, orders, capacity),
    )
