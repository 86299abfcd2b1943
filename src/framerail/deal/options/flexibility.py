"""What a change of mind is worth: wait, abandon, expand, switch plant, stage, buy later.

Everything is an optimal stopping problem (`stopping`) on given paths of program value or cash, for
instance from a Monte Carlo of the engine. The rule is fitted on one half of the paths and valued
on the other, so that it cannot profit from knowing them; its worth is against never using it, or
for waiting and staging against committing at the start. All amounts are dollars of their own date.
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.deal.options.stopping import (
    Policy,
    Stopped,
    continuation,
    estimate,
    follow,
    stopping_policy,
)
from framerail.quantities import Scalar


class Flexibility(eqx.Module):
    """An option on a program.

    Attributes:
        value: of the program with the option, used well (dollars at the first date).
        without: of the program committed to.
        worth: what the option adds, path by path.
        standard_error: of `worth`.
        chance: probability of using it, by date.
        policy: when to use it.
    """

    value: Scalar
    without: Scalar
    worth: Scalar
    standard_error: Scalar
    chance: Float[Array, " date"]
    policy: Policy


def _valued(
    state: Float[Array, "path date factor"],
    payoff: Float[Array, "path date"],
    flow: Float[Array, "path date"],
    discount: Float[Array, " date"],
    committed: Float[Array, " path"],
    degree: int,
    counted: Bool[Array, "path date"] | None = None,
) -> Flexibility:
    """Fit on the first half of the paths, value on the second."""
    half = payoff.shape[0] // 2
    first = None if counted is None else counted[:half]
    second = None if counted is None else counted[half:]
    policy = stopping_policy(
        state[:half], payoff[:half], flow[:half], discount, degree=degree, counted=first
    )
    found: Stopped = follow(
        policy, state[half:], payoff[half:], flow[half:], discount, counted=second
    )
    worth, error = estimate(found.sample - committed[half:])
    return Flexibility(
        value=jnp.mean(found.sample),
        without=jnp.mean(committed[half:]),
        worth=worth,
        standard_error=error,
        chance=found.chance,
        policy=policy,
    )


def abandon(
    state: Float[Array, "path date factor"],
    cash: Float[Array, "path date"],
    salvage: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
    allowed: Bool[Array, "path date"] | None = None,
) -> Flexibility:
    """Give the program up at any date: its cash from then on is lost, the salvage comes in.

    Salvage may be negative: fees, claims of suppliers, trucks in the field. `allowed` marks where
    there is a choice (everywhere if left out); the rule is fitted on those paths alone.
    """
    return _valued(state, salvage, cash, discount, cash @ discount, degree, counted=allowed)


def wait(
    state: Float[Array, "path date factor"],
    value: Float[Array, "path date"],
    cost: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
) -> Flexibility:
    """Invest `cost` for a program worth `value` at the date chosen, or never; against now."""
    gain = value - cost
    committed = gain[:, 0] * discount[0]
    return _valued(
        state, gain, jnp.zeros_like(gain), discount, committed, degree, counted=gain > 0.0
    )


def expand(
    state: Float[Array, "path date factor"],
    addition: Float[Array, "path date"],
    cost: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
) -> Flexibility:
    """Add capacity once: `addition` is what it is worth at each date; against never."""
    gain = addition - cost
    never = jnp.zeros(gain.shape[0])
    return _valued(state, gain, jnp.zeros_like(gain), discount, never, degree, counted=gain > 0.0)


def switch(
    state: Float[Array, "path date factor"],
    here: Float[Array, "path date"],
    there: Float[Array, "path date"],
    cost: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
) -> Flexibility:
    """Move production once: `here` and `there` are cash of both plants by date, `cost` the move."""
    remaining = _remaining(there, discount)
    return _valued(state, remaining - cost, here, discount, here @ discount, degree)


def stage(
    state: Float[Array, "path date factor"],
    tranches: Float[Array, " date"],
    value: Float[Array, " path"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
) -> Flexibility:
    """Pay tranche after tranche or walk away; who has paid them all owns the program, worth
    `value` at the last date. Against owing all of them from the start."""
    flow = jnp.broadcast_to(-tranches[None, :], (value.shape[0], tranches.shape[0]))
    flow = flow.at[:, -1].add(value)
    return _valued(state, jnp.zeros_like(flow), flow, discount, flow @ discount, degree)


def buy_later(
    state: Float[Array, "path date factor"],
    value: Float[Array, "path date"],
    price: Float[Array, "path date"],
    for_sale: Bool[Array, "path date"],
    probability: Scalar,
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
) -> Flexibility:
    """Buy the assets out of the estate: only once they are `for_sale`, and won with a
    probability (expected gain); against never."""
    gain = jnp.where(for_sale, probability * jnp.maximum(value - price, 0.0), 0.0)
    never = jnp.zeros(gain.shape[0])
    counted = for_sale & (gain > 0.0)
    return _valued(state, gain, jnp.zeros_like(gain), discount, never, degree, counted=counted)


def _remaining(
    cash: Float[Array, "path date"], discount: Float[Array, " date"]
) -> Float[Array, "path date"]:
    """Realized value of the cash from each date on, in dollars of that date.

    A rule fitted on it uses its conditional mean, as a regression on the state does.
    """
    ahead = jnp.cumsum((cash * discount[None, :])[:, ::-1], axis=1)[:, ::-1]
    return ahead / discount[None, :]


def exercise_map(
    policy: Policy,
    states: Float[Array, "state factor"],
    payoff: Callable[[Float[Array, "state factor"]], Float[Array, " state"]],
    discount: Float[Array, " date"],
) -> Bool[Array, "date state"]:
    """Where to use the option: by date, over given states; `payoff` of a state on any date."""
    dates = discount.shape[0]
    repeated = jnp.broadcast_to(states[:, None, :], (states.shape[0], dates, states.shape[1]))
    going_on = continuation(policy, repeated).at[:, -1].set(0.0)
    return (payoff(states)[:, None] * discount[None, :] >= going_on).T


def best_tranches(
    gains: Callable[[Float[Array, " tranche"]], tuple[Scalar, Scalar]],
    total: Scalar,
    candidates: Float[Array, "candidate tranche"],
    power: Scalar,
) -> tuple[Float[Array, " tranche"], Float[Array, "candidate two"]]:
    """The split of a sum into tranches with the largest Nash product, and all gains.

    Args:
        gains: from tranches in dollars to both sides' gains, the partner's risk counted
            (`value_deal` with these amounts).
        total: sum of the tranches.
        candidates: shares of the total, one row each (see `splits`).
        power: the incumbent's weight. Where no split is agreeable, the least bad one is taken.
    """
    found = [jnp.stack(gains(total * row)) for row in candidates]
    both = jnp.stack(found)
    product = jnp.where(
        jnp.all(both > 0.0, axis=1),
        power * jnp.log(jnp.maximum(both[:, 0], 1e-3))
        + (1.0 - power) * jnp.log(jnp.maximum(both[:, 1], 1e-3)),
        -jnp.inf,
    )
    agreed = jnp.any(jnp.isfinite(product))
    best = jnp.argmax(jnp.where(agreed, product, jnp.min(both, axis=1)))
    return total * candidates[best], both


def splits(tranches: int, steps: int) -> Float[Array, "candidate tranche"]:
    """Every split of one into `tranches` multiples of `1 / steps`."""
    rows: list[tuple[int, ...]] = [()]
    for place in range(tranches):
        last = place == tranches - 1
        rows = [
            (*row, k)
            for row in rows
            for k in ([steps - sum(row)] if last else range(steps - sum(row) + 1))
        ]
    return jnp.asarray(rows, dtype=jnp.float64) / steps
