"""The same failure as in `survival`, drawn path by path: one draw costs a few microseconds.

`survive` carries the whole density of cash and is exact and smooth; a path has one time of failure
and no slope. Use it where ten thousand draws of a deal are wanted and a mean is all that counts.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.deal.killed_motion import first_passage_probability
from framerail.deal.survival import MarketAccess, effective_access
from framerail.deal.survival import outlook as investors_outlook
from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_after
from framerail.quantities import Scalar


class PathDraws(eqx.Module):
    """Random numbers of one path, by quarter.

    Attributes:
        cash: standard normal, the surprise in cash.
        touch: uniform, whether the floor is touched between the ends.
        delisting: uniform, whether the listing is lost.
        raising: uniform, whether money is raised.
        size: standard normal, how much.
    """

    cash: Float[Array, "... quarter"]
    touch: Float[Array, "... quarter"]
    delisting: Float[Array, "... quarter"]
    raising: Float[Array, "... quarter"]
    size: Float[Array, "... quarter"]


class _State(eqx.Module):
    above: Float[Array, ""]
    alive: Bool[Array, ""]
    listed: Bool[Array, ""]


def default_time_of_path(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
    draws: PathDraws,
    investor_horizon: Scalar,
) -> Scalar:
    """Time of failure in quarters (mid-quarter), or the number of quarters if it lives.

    Arguments as in `survive`; between the ends of a quarter cash is a Brownian bridge.
    """
    able = effective_access(access)
    exposed = fraction_after(able.delisting_from, grid)
    struck = draws.delisting < -jnp.expm1(-QUARTER * able.delisting * exposed)
    offered = -jnp.expm1(-QUARTER * able.raises)
    later, quarters_ahead = investors_outlook(drift, investor_horizon)
    sized = able.raise_amount * (1.0 + able.raise_spread * draws.size)

    def quarter(state: _State, now: tuple[Array, ...]) -> tuple[_State, Bool[Array, ""]]:
        move, shock, touch, strike, owed, luck, size, ahead, time = now
        ends = state.above + move + cash_shock * shock
        inside = (state.above > 0.0) & (ends > 0.0)
        crossing = jnp.exp(
            jnp.where(inside, -2.0 * state.above * ends / jnp.square(cash_shock), 0.0)
        )
        alive = state.alive & inside & (touch >= crossing)
        struck = state.listed & strike
        alive = alive & ~(struck & (ends < owed))
        listed = state.listed & ~struck
        fails = first_passage_probability(
            jnp.maximum(ends + able.raise_amount, 0.0), ahead / time, cash_shock, time
        )
        raised = listed & (luck < offered * (1.0 - fails))
        got = jnp.where(ends + size < 0.0, able.raise_amount, size)
        return _State(jnp.where(raised, ends + got, ends), alive, listed), alive

    start = _State(cash - minimum_cash, jnp.ones((), bool), jnp.ones((), bool))
    given = (drift, draws.cash, draws.touch, struck, put, draws.raising, sized, later)
    _, alive = jax.lax.scan(quarter, start, (*given, quarters_ahead))
    lived = jnp.sum(alive).astype(drift.dtype)
    return jnp.where(alive[-1], lived, lived + 0.5)
