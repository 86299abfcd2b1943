"""Orders against output by quarter: backlog, cancellation, crews, overtime, stock and its age.

The rules are those of a plant's quarterly plan, each continuous in everything: the line builds what
waits and what stock it aims at, as far as its crews can; crews follow the work with a lag (shifts
are added and dropped), overtime bridges the gap, and trucks left over from an earlier quarter are
sold at a cut price.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QUARTER
from framerail.plant.site import OrderRules
from framerail.quantities import Scalar

_TINY = 1e-9  # trucks
_SHORTEST = 1.0 / 365.0  # years; a quicker change of crews is at once


class Flow(eqx.Module):
    """Trucks by quarter and model, one row per quarter; the line's crews by quarter.

    Attributes:
        output: trucks built.
        deliveries: trucks handed over against orders.
        cancelled: waiting orders that left.
        backlog: orders still waiting at the end of the quarter.
        stock: finished trucks at the end of the quarter.
        aged: part of `stock` that was already there a quarter before (the oldest is sold first).
        markdown: price cut granted on aged trucks sold, in whole prices: 2.0 is the price of two
            trucks. Aged trucks still held at the end carry their cut with them.
        crews: share of the line's full crews at work (0 to 1).
        overtime: trucks built beyond what the crews build in regular hours.
    """

    output: Float[Array, "*quarter truck"]
    deliveries: Float[Array, "*quarter truck"]
    cancelled: Float[Array, "*quarter truck"]
    backlog: Float[Array, "*quarter truck"]
    stock: Float[Array, "*quarter truck"]
    aged: Float[Array, "*quarter truck"]
    markdown: Float[Array, "*quarter truck"]
    crews: Float[Array, "*quarter"]
    overtime: Float[Array, "*quarter"]


class _State(eqx.Module):
    """What a quarter hands to the next one; `cut` is the price cut due on aged stock."""

    backlog: Float[Array, "truck"]
    stock: Float[Array, "truck"]
    aged: Float[Array, "truck"]
    cut: Float[Array, "truck"]
    crews: Scalar


def order_book(
    orders: Float[Array, "quarter truck"],
    capacity: Float[Array, "quarter"],
    running: Float[Array, "quarter"],
    rules: OrderRules,
) -> Flow:
    """Serve orders from stock and output, quarter by quarter.

    Output is shared among the models in proportion to what each still needs: new and waiting
    orders plus the stock aimed at, less the stock in hand. Stock is aimed at only while the line
    runs (`running`, share of the quarter). Waiting orders leave at the cancellation rate. The
    launch begins with full crews; `capacity` is what they build in regular hours (trucks).
    """
    joining = 1.0 - jnp.exp(-QUARTER / jnp.maximum(rules.crew_adding_time, _SHORTEST))
    leaving = 1.0 - jnp.exp(-QUARTER / jnp.maximum(rules.crew_dropping_time, _SHORTEST))

    def step(
        state: _State, quarter: tuple[Float[Array, "truck"], Scalar, Scalar]
    ) -> tuple[_State, Flow]:
        new, limit, active = quarter
        wanted = state.backlog + new
        aim = rules.stock_time / QUARTER * new * active
        needed = jnp.maximum(wanted + aim - state.stock, 0.0)
        total = jnp.sum(needed)
        work = jnp.where(limit > 0, jnp.minimum(total / jnp.where(limit > 0, limit, 1.0), 1.0), 1.0)
        missing = work - state.crews
        crews = state.crews + active * jnp.where(missing > 0, joining, leaving) * missing
        regular = limit * crews
        built = jnp.minimum(total, regular * (1.0 + rules.overtime))
        output = needed * built / jnp.maximum(total, _TINY)
        deliveries = jnp.minimum(wanted, state.stock + output)
        cancelled = rules.cancellation * (wanted - deliveries)
        # First in, first out: what of the old stock is not sold is aged by a quarter.
        aged = jnp.maximum(state.stock - deliveries, 0.0)
        sold = jnp.minimum(state.aged, deliveries) / jnp.maximum(state.aged, _TINY)
        markdown = state.cut * sold
        after = _State(
            backlog=wanted - deliveries - cancelled,
            stock=state.stock + output - deliveries,
            aged=aged,
            cut=state.cut - markdown + rules.markdown * aged,
            crews=crews,
        )
        overtime = jnp.maximum(built - regular, 0.0)
        return after, Flow(
            output, deliveries, cancelled, after.backlog, after.stock, aged, markdown, crews,
            overtime,
        )  # fmt: skip

    nothing = jnp.zeros_like(orders[0])
    start = _State(nothing, nothing, nothing, nothing, jnp.ones(()))
    _, flow = jax.lax.scan(step, start, (orders, capacity, running))
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
