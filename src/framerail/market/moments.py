"""What is seen of who chose what, and preferences that agree with it.

Shares say how much is bought; who buys it, and what the same buyers would have bought instead,
say how tastes are spread (Petrin, 2002; Berry, Levinsohn and Pakes, 2004). `fit_moments` moves
some parameters from published values toward observed moments, each side weighted by its standard
error: Gauss-Newton steps in Levenberg's form on the posterior mode of a normal model.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.market.buyers import Buyers
from framerail.market.choice import Choice, choose, market_shares, second_choices
from framerail.market.nests import Nests
from framerail.numerics.linear import solve

Parameters = Float[Array, " parameter"]
Moments = Float[Array, " moment"]


def buyer_means(
    buyers: Buyers, choice: Choice, values: Float[Array, "buyer value"], among: Float[Array, " J"]
) -> Float[Array, " value"]:
    """Mean of `values` among the buyers of a set of products; zero where nobody buys them.

    **Arguments:** `values` by buyer, such as `buyers.demographics` or income; `among` is one for
    the products of the set.
    """
    mass = buyers.weight * (choice.bought @ among)
    total = jnp.sum(mass)
    return mass @ values / jnp.where(total > 0, total, 1.0)


def first_and_second(
    buyers: Buyers,
    utility: Float[Array, "buyer product"],
    availability: Float[Array, " product"],
    nests: Nests | None = None,
) -> Float[Array, "product product_or_outside"]:
    """Part of all buyers with first choice j and, were j alone gone, second choice l, at [j, l].

    The outside good is last. Rows sum to market shares.
    """
    alone = jnp.eye(availability.shape[0])
    rows = jax.vmap(lambda row: row @ second_choices(buyers, utility, availability, row, nests))(
        alone
    )
    share = market_shares(buyers, choose(utility, availability, nests))
    return share[:, None] * rows


def second_choice_correlation(
    pairs: Float[Array, "product product_or_outside"], trait: Float[Array, " product"]
) -> Float[Array, ""]:
    """Correlation of a trait between first and second choices, among buyers with both inside.

    **Arguments:** `pairs` from `first_and_second`. Zero where the trait does not vary.
    """
    mass = pairs[:, :-1]
    mass = mass / jnp.maximum(jnp.sum(mass), 1e-300)
    first, second = jnp.sum(mass, axis=1), jnp.sum(mass, axis=0)
    here, there = trait - first @ trait, trait - second @ trait
    spread = (first @ here**2) * (second @ there**2)
    varies = spread > 0
    return jnp.where(varies, here @ mass @ there / jnp.sqrt(jnp.where(varies, spread, 1.0)), 0.0)


class MomentFit(eqx.Module):
    """Parameters between what was published and what was observed."""

    value: Parameters
    predicted: Moments
    """Moments at `value`."""
    covariance: Float[Array, "parameter parameter"]
    """Inverse curvature at the mode."""
    gradient: Float[Array, ""]
    """Largest derivative of the loss in a parameter's published standard error; zero at the
    mode."""
    steps: Int[Array, ""]
    """Steps tried."""


def fit_moments(
    predict: Callable[[Parameters], Moments],
    observed: Moments,
    error: Moments,
    start: Parameters,
    prior_error: Parameters,
    most: int = 40,
) -> MomentFit:
    """Mode of published parameters (normal around `start`) given observed moments.

    **Arguments:**

    - `predict`: moments of the model, with shares inverted anew at every parameter (`calibrate`).
    - `observed`, `error`: moments and their standard errors.
    - `start`, `prior_error`: published values and standard errors; a large one leaves the
      parameter to the moments.
    - `most`: steps at most.
    """

    def gaps(move: Parameters) -> Array:
        """In standard errors; parameters as moves from `start` in theirs."""
        moments = (predict(start + prior_error * move) - observed) / error
        return jnp.concatenate([moments, move])

    def loss(move: Parameters) -> Array:
        value = jnp.sum(gaps(move) ** 2)
        return jnp.where(jnp.isfinite(value), value, jnp.inf)

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        _, _, length, count = state
        return (length > 1e-9) & (count < most)

    def advance(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        move, brake, _, count = state
        slope, gap = jax.jacfwd(gaps)(move), gaps(move)
        normal = slope.T @ slope
        step = -solve(normal + brake * jnp.diag(jnp.diagonal(normal)), slope.T @ gap)
        better = loss(move + step) <= jnp.sum(gap**2)
        length = jnp.max(jnp.abs(step))
        # A refused step says nothing of how near the mode is, unless it is next to nothing.
        return (
            jnp.where(better, move + step, move),
            jnp.where(better, brake / 10, brake * 10),
            length,
            count + 1,
        )

    begin = (
        jnp.zeros_like(start), jnp.asarray(1e-3), jnp.asarray(jnp.inf), jnp.zeros((), jnp.int32)
    )  # fmt: skip
    move, _, _, count = jax.lax.while_loop(unfinished, advance, begin)
    slope, gap = jax.jacfwd(gaps)(move), gaps(move)
    spread = jax.vmap(lambda side: solve(slope.T @ slope, side))(jnp.eye(start.shape[0]))
    return MomentFit(
        value=start + prior_error * move,
        predicted=predict(start + prior_error * move),
        covariance=prior_error[:, None] * spread * prior_error[None, :],
        gradient=jnp.max(jnp.abs(slope.T @ gap)),
        steps=count,
    )
