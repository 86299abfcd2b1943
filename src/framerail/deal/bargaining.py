"""Who gets what: bargaining solutions and the zone of agreement in two terms.

Nash (1950, Econometrica 18) with unequal power (Binmore, Rubinstein and Wolinsky 1986), Kalai
and Smorodinsky (1975), and the two ultimatum points. Gains are over each side's outside option.
"""

from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.quantities import Declared, Fraction, Scalar

GainsFunction = Callable[[Scalar, Scalar], tuple[Scalar, Scalar]]
"""From (upfront payment, royalty per truck) to the gains of incumbent and start-up (dollars)."""

Stage = Literal["talks", "term sheet", "definitive agreement", "closed"]


class Talks(Declared):
    """How far the talks are, and how often such talks close."""

    stage: Stage = eqx.field(static=True)
    """Stage reached at the scenario's date."""
    from_talks: Fraction
    """Probability that talks lead to a closed deal."""
    from_term_sheet: Fraction
    """The same once a term sheet is ready."""
    from_agreement: Fraction
    """The same once the definitive agreement is signed."""


class Bargain(Declared):
    """How the sides share what they gain, and where the report looks for agreement."""

    incumbent_power: Fraction
    """The incumbent's weight in the Nash product; 0.5 is symmetric."""


class Point(eqx.Module):
    """One pair of terms and what both sides gain by it (dollars)."""

    upfront: Scalar
    royalty: Scalar
    incumbent_gain: Scalar
    start_up_gain: Scalar


class Zone(eqx.Module):
    """Gains over a grid of two terms, and the points that theory picks on it.

    Attributes:
        upfront: upfront payments (dollars).
        royalty: royalties (dollars per truck).
        incumbent_gain: gain of the incumbent at each pair (dollars).
        start_up_gain: gain of the start-up at each pair (dollars).
        agreeable: whether both gain.
        exists: whether any pair is agreeable.
        nash: the pair with the largest Nash product; where none is agreeable, the pair whose
            smaller gain is largest.
        kalai_smorodinsky: the pair with the largest equal share of each side's best gain.
        incumbent_best: best pair for the incumbent that the start-up still accepts.
        start_up_best: best pair for the start-up that the incumbent still accepts.
    """

    upfront: Float[Array, "upfront"]
    royalty: Float[Array, "royalty"]
    incumbent_gain: Float[Array, "upfront royalty"]
    start_up_gain: Float[Array, "upfront royalty"]
    agreeable: Bool[Array, "upfront royalty"]
    exists: Bool[Array, ""]
    nash: Point
    kalai_smorodinsky: Point
    incumbent_best: Point
    start_up_best: Point


def closing_probability(talks: Talks) -> Scalar:
    """Probability that the deal closes, from the stage that the talks have reached."""
    reached = {
        "talks": talks.from_talks,
        "term sheet": talks.from_term_sheet,
        "definitive agreement": talks.from_agreement,
        "closed": jnp.ones(()),
    }
    return reached[talks.stage]


def nash_split(
    total: Scalar, disagreement: Float[Array, "side"], power: Float[Array, "side"]
) -> Float[Array, "side"]:
    """Payoffs when value can be moved between the sides without loss.

    `x_i = d_i + w_i (total - sum d)`; where the sides together lose, no side agrees and each
    keeps its disagreement payoff.
    """
    surplus = jnp.maximum(total - jnp.sum(disagreement), 0.0)
    return disagreement + power / jnp.sum(power) * surplus


class Solutions(eqx.Module):
    """What theory picks on a frontier of gains (dollars), each as incumbent's and start-up's gain.

    Attributes:
        efficient: terms that no other terms beat for one side without costing the other.
        nash: largest weighted product of gains.
        kalai_smorodinsky: largest equal share of each side's best agreeable gain.
        ultimatum_incumbent: the incumbent's best offer that the start-up still accepts.
        ultimatum_start_up: the start-up's best offer that the incumbent still accepts.
        exists: whether anything is agreeable; if not, all four are the least bad pair.
    """

    efficient: Bool[Array, " terms"]
    nash: Float[Array, "two"]
    kalai_smorodinsky: Float[Array, "two"]
    ultimatum_incumbent: Float[Array, "two"]
    ultimatum_start_up: Float[Array, "two"]
    exists: Bool[Array, ""]


def efficient_frontier(gains: Float[Array, "terms two"]) -> Bool[Array, " terms"]:
    """Which of the terms leave nothing on the table: no others are better for both sides, or
    better for one and as good for the other."""
    better = jnp.all(gains[None] >= gains[:, None], axis=2)
    strictly = jnp.any(gains[None] > gains[:, None], axis=2)
    return ~jnp.any(better & strictly, axis=1)


def solve_bargain(gains: Float[Array, "terms two"], incumbent_power: Scalar) -> Solutions:
    """Bargaining solutions over any set of terms already evaluated (gains over no deal)."""
    agreeable = jnp.all(gains >= 0.0, axis=1)
    exists = jnp.any(agreeable)
    best = jnp.max(jnp.where(agreeable[:, None], gains, 0.0), axis=0)

    def pick(score: Float[Array, " terms"]) -> Float[Array, "two"]:
        wanted = jnp.where(exists, jnp.where(agreeable, score, -jnp.inf), jnp.min(gains, axis=1))
        return gains[jnp.argmax(wanted)]

    weight = jnp.stack([incumbent_power, 1.0 - incumbent_power])
    product = jnp.log(jnp.maximum(gains, 1e-3)) @ weight
    return Solutions(
        efficient=efficient_frontier(gains),
        nash=pick(product),
        kalai_smorodinsky=pick(jnp.min(gains / jnp.maximum(best, 1.0)[None], axis=1)),
        ultimatum_incumbent=pick(gains[:, 0]),
        ultimatum_start_up=pick(gains[:, 1]),
        exists=exists,
    )


def value_moved(
    slopes: Float[Array, "term two"],
) -> tuple[Float[Array, " term"], Float[Array, " term"]]:
    """What each term does at the margin, from both gains' slopes: value that it moves from one
    side to the other, and value that it makes (or, negative, destroys)."""
    opposite = slopes[:, 0] * slopes[:, 1] < 0.0
    moved = jnp.where(opposite, jnp.min(jnp.abs(slopes), axis=1), 0.0)
    return moved, jnp.sum(slopes, axis=1)


class ClosingPath(eqx.Module):
    """Probability of closing and of having failed, over the stages still ahead.

    Attributes:
        reached: probability of reaching each stage from the present one.
        closes: probability of closing from each stage.
        talks_fail: probability that the talks end at each stage.
    """

    reached: Float[Array, "stage"]
    closes: Float[Array, "stage"]
    talks_fail: Float[Array, "stage"]


def closing_path(talks: Talks) -> ClosingPath:
    """The stages of the talks, in order: talks, term sheet, definitive agreement, closed."""
    names = ("talks", "term sheet", "definitive agreement", "closed")
    closes = jnp.stack(
        [talks.from_talks, talks.from_term_sheet, talks.from_agreement, jnp.ones(())]
    )
    # Reaching a later stage and closing from there is closing: the ratio is the way between.
    ahead = jnp.arange(4) >= names.index(talks.stage)
    now = closes[names.index(talks.stage)]
    onward = jnp.minimum(now / jnp.maximum(closes, 1e-9), 1.0)
    reached = jnp.where(ahead, onward, 1.0)
    ends = jnp.append(-jnp.diff(reached), 0.0)
    return ClosingPath(reached=reached, closes=closes, talks_fail=ends)


def zone_of_agreement(
    gains: GainsFunction,
    upfront: Float[Array, "upfront"],
    royalty: Float[Array, "royalty"],
    incumbent_power: Scalar,
) -> Zone:
    """Evaluate both sides' gains over a grid of two terms and find the solutions on it.

    The solutions are grid points: their precision is the grid's spacing.
    """
    pairs = jnp.stack(jnp.meshgrid(upfront, royalty, indexing="ij"), axis=-1)
    first, second = jax.lax.map(lambda pair: gains(pair[0], pair[1]), pairs.reshape(-1, 2))
    shape = pairs.shape[:2]
    return zone_from_gains(
        upfront, royalty, first.reshape(shape), second.reshape(shape), incumbent_power
    )


def zone_from_gains(
    upfront: Float[Array, "upfront"],
    royalty: Float[Array, "royalty"],
    incumbent_gain: Float[Array, "upfront royalty"],
    start_up_gain: Float[Array, "upfront royalty"],
    incumbent_power: Scalar,
) -> Zone:
    """Zone and solutions from gains already evaluated over the grid of two terms."""
    pairs = jnp.stack(jnp.meshgrid(upfront, royalty, indexing="ij"), axis=-1)
    shape = pairs.shape[:2]
    first, second = incumbent_gain.ravel(), start_up_gain.ravel()
    agreeable = (first >= 0.0) & (second >= 0.0)
    exists = jnp.any(agreeable)

    def pick(score: Float[Array, " pair"]) -> Point:
        # Where nobody agrees: the pair that is least bad for the worse-off side.
        score = jnp.where(agreeable, score, -jnp.inf)
        at = jnp.argmax(jnp.where(exists, score, jnp.minimum(first, second)))
        chosen = pairs.reshape(-1, 2)[at]
        return Point(chosen[0], chosen[1], first[at], second[at])

    best_first = jnp.max(jnp.where(agreeable, first, 0.0))
    best_second = jnp.max(jnp.where(agreeable, second, 0.0))
    equal_share = jnp.minimum(
        first / jnp.maximum(best_first, 1.0), second / jnp.maximum(best_second, 1.0)
    )
    log_product = incumbent_power * jnp.log(jnp.maximum(first, 1e-3)) + (
        1.0 - incumbent_power
    ) * jnp.log(jnp.maximum(second, 1e-3))
    return Zone(
        upfront=upfront,
        royalty=royalty,
        incumbent_gain=first.reshape(shape),
        start_up_gain=second.reshape(shape),
        agreeable=agreeable.reshape(shape),
        exists=exists,
        nash=pick(log_product),
        kalai_smorodinsky=pick(equal_share),
        incumbent_best=pick(first),
        start_up_best=pick(second),
    )
