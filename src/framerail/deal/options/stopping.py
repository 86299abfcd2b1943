"""Optimal stopping by least-squares Monte Carlo (Longstaff and Schwartz 2001).

One problem covers every flexibility of a deal: at each date either stop and take `payoff`, or
collect `flow` and go on. An American option has no flow; abandoning a program takes the salvage
and gives the program's cash up; waiting takes the program's value net of its cost.

The continuation value is regressed on normalized Hermite polynomials of the standardized state
(mean zero, unit deviation over the paths that count at that date), in float64, by the normal
equations: the basis is close to orthonormal, so that they are well conditioned and need no LAPACK
(docs/decisions/0008-one-thread-per-program.md).
"""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.numerics.linear import solve
from framerail.quantities import Scalar

_RIDGE = 1e-12
"""Relative weight that keeps a date without paths solvable; far below any regression error."""


class Policy(eqx.Module):
    """When to stop: stop where the payoff is at least the fitted value of going on.

    Attributes:
        coefficients: of the basis, by date (dollars at the first date).
        center: mean of each state variable over the paths that counted.
        scale: their standard deviation.
        degree: total degree of the polynomials.
    """

    coefficients: Float[Array, "date basis"]
    center: Float[Array, "date factor"]
    scale: Float[Array, "date factor"]
    degree: int = eqx.field(static=True)


class Stopped(eqx.Module):
    """What following a policy brings.

    Attributes:
        sample: discounted receipts of each path (dollars at the first date).
        date: index of the date on which each path stops; the number of dates if it never does.
        chance: share of the paths that stop at each date.
        control: the martingale at each path's stopping (see `follow`); zero without one.
    """

    sample: Float[Array, " path"]
    date: Int[Array, " path"]
    control: Float[Array, " path"]
    chance: Float[Array, " date"]


def powers(factors: int, degree: int) -> tuple[tuple[int, ...], ...]:
    """Exponents of the basis: every product of total degree up to `degree`."""
    every = itertools.product(range(degree + 1), repeat=factors)
    return tuple(sorted((each for each in every if sum(each) <= degree), key=lambda e: (sum(e), e)))


def basis(standard: Float[Array, "... factor"], degree: int) -> Float[Array, "... basis"]:
    """Normalized Hermite polynomials of a standardized state (variance one under a normal)."""
    single = [jnp.ones_like(standard), standard]
    for n in range(1, degree):
        # He_(n+1) = x He_n - n He_(n-1), each divided by the square root of its factorial.
        following = standard * single[n] - n**0.5 * single[n - 1]
        single.append(following / (n + 1.0) ** 0.5)
    terms = [
        jnp.prod(jnp.stack([single[e][..., k] for k, e in enumerate(each)]), axis=0)
        for each in powers(standard.shape[-1], degree)
    ]
    return jnp.stack(terms, axis=-1)


def _fit(
    state: Float[Array, "path factor"],
    counted: Bool[Array, " path"],
    target: Float[Array, " path"],
    degree: int,
) -> tuple[Float[Array, " basis"], Float[Array, " factor"], Float[Array, " factor"]]:
    """Regression of one date over the paths that count."""
    weight = counted.astype(state.dtype) / jnp.maximum(jnp.sum(counted), 1)
    center = weight @ state
    variance = weight @ jnp.square(state - center[None, :])
    scale = jnp.sqrt(jnp.where(variance > 0.0, variance, 1.0))
    design = basis((state - center[None, :]) / scale[None, :], degree)
    weighted = weight[:, None] * design
    normal = weighted.T @ design
    ridge = _RIDGE * (1.0 + jnp.trace(normal)) * jnp.eye(normal.shape[0])
    return solve(normal + ridge, weighted.T @ target), center, scale


def _standard(state: Float[Array, "path factor"], center: Array, scale: Array) -> Array:
    return (state - center[None, :]) / scale[None, :]


def stopping_policy(
    state: Float[Array, "path date factor"],
    payoff: Float[Array, "path date"],
    flow: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    degree: int = 3,
    counted: Bool[Array, "path date"] | None = None,
    martingale: Float[Array, "path date"] | None = None,
) -> Policy:
    """Fit the rule for stopping.

    Args:
        state: what is known at each date (any units; standardized inside).
        payoff: received on stopping (dollars of that date).
        flow: received at each date on going on (dollars of that date).
        discount: discount factor of each date.
        degree: total degree of the polynomials.
        counted: paths that enter each date's regression; all of them if left out. For an option
            those in the money (Longstaff and Schwartz 2001, section 2).
        martingale: discounted value at each date of something traded, such as the European
            option (dollars at the first date). Its surprise from a date to the stopping is noise
            with mean zero, and is taken out of what the regression sees.
    """
    use = jnp.ones(payoff.shape, bool) if counted is None else counted
    control = jnp.zeros_like(payoff) if martingale is None else martingale
    taken, kept = payoff * discount[None, :], flow * discount[None, :]

    def backward(
        following: tuple[Array, Array], now: tuple[Array, Array, Array, Array, Array]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
        here, stop, keep, counts, level = now
        later, later_level = following
        going_on = keep + later
        seen = going_on - (later_level - level)
        coefficients, center, scale = _fit(here, counts, seen, degree)
        fitted = basis(_standard(here, center, scale), degree) @ coefficients
        stopping = counts & (stop >= fitted)
        value = jnp.where(stopping, stop, going_on)
        return (value, jnp.where(stopping, level, later_level)), (coefficients, center, scale)

    last = (jnp.maximum(taken[:, -1], kept[:, -1]), control[:, -1])
    along = jnp.moveaxis(state, 1, 0)[:-1]
    moved = (along, taken.T[:-1], kept.T[:-1], use.T[:-1], control.T[:-1])
    _, fits = jax.lax.scan(backward, last, moved, reverse=True)
    factors, size = state.shape[2], len(powers(state.shape[2], degree))
    ends = (jnp.zeros(size), jnp.zeros(factors), jnp.ones(factors))
    coefficients, center, scale = (
        jnp.concatenate([each, end[None]]) for each, end in zip(fits, ends, strict=True)
    )
    return Policy(coefficients, center, scale, degree)


def continuation(
    policy: Policy, state: Float[Array, "path date factor"]
) -> Float[Array, "path date"]:
    """Fitted value of going on, in dollars at the first date."""
    standard = (state - policy.center[None]) / policy.scale[None]
    return jnp.einsum("pdb,db->pd", basis(standard, policy.degree), policy.coefficients)


def follow(
    policy: Policy,
    state: Float[Array, "path date factor"],
    payoff: Float[Array, "path date"],
    flow: Float[Array, "path date"],
    discount: Float[Array, " date"],
    *,
    counted: Bool[Array, "path date"] | None = None,
    martingale: Float[Array, "path date"] | None = None,
) -> Stopped:
    """Follow a policy on paths, which may be other ones than it was fitted on.

    On other paths the value is a lower bound in expectation: the rule cannot foresee them. The
    `martingale` at the stopping is a control for `estimate`, its mean the value at the start.
    """
    use = jnp.ones(payoff.shape, bool) if counted is None else counted
    taken, kept = payoff * discount[None, :], flow * discount[None, :]
    # At the last date nothing follows: what is left of going on is that date's flow.
    going_on = continuation(policy, state).at[:, -1].set(kept[:, -1])
    stop = use & (taken >= going_on)
    dates = payoff.shape[1]
    first = jnp.where(jnp.any(stop, axis=1), jnp.argmax(stop, axis=1), dates)
    index = jnp.arange(dates)[None, :]
    receipts = jnp.where(index == first[:, None], taken, 0.0)
    receipts = receipts + jnp.where(index < first[:, None], kept, 0.0)
    control = jnp.zeros_like(payoff) if martingale is None else martingale
    when = jnp.minimum(first, dates - 1)
    return Stopped(
        sample=jnp.sum(receipts, axis=1),
        date=first,
        control=jnp.take_along_axis(control, when[:, None], axis=1)[:, 0],
        chance=jnp.mean(index == first[:, None], axis=0, dtype=receipts.dtype),
    )


def estimate(
    sample: Float[Array, " path"],
    control: Float[Array, " path"] | None = None,
    control_mean: Scalar | None = None,
    *,
    antithetic: bool = False,
) -> tuple[Scalar, Scalar]:
    """Mean and standard error of a sample.

    `control` is a variable of known mean, taken out with its regression slope. `antithetic`: path
    `i` and path `i + half` share their shocks with opposite sign, and count as one draw.
    """
    if control is not None and control_mean is not None:
        apart = control - jnp.mean(control)
        slope = jnp.sum(apart * sample) / jnp.maximum(jnp.sum(jnp.square(apart)), 1e-300)
        sample = sample - slope * (control - control_mean)
    if antithetic:
        half = sample.shape[0] // 2
        sample = 0.5 * (sample[:half] + sample[half : 2 * half])
    count = sample.shape[0]
    return jnp.mean(sample), jnp.std(sample) / jnp.sqrt(count - 1.0)
