"""When law changes: the hazard of a repeal or an imposition, and its date in one draw.

Two readings of the same belief: the *expected* one (the probability that the event has not come
yet: smooth, used for the point estimate and for gradients), and the *realized* one, in which
every event has its date. Each event has its own uniform draw; all of them lean on one common
political draw by a Gaussian copula, since one election and one law may move many regimes at once.
"""

from collections.abc import Sequence
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import erfinv, ndtr
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, fraction_before
from framerail.quantities import Declared, Fraction, Quantity, Scalar, Year

PerYear = Annotated[Scalar, Quantity("1/year", 0.0, 5.0)]

_EDGE = 1e-12  # draws are kept this far from 0 and 1, where the normal quantile is infinite


class Repeal(Declared):
    """How a regime may end before its statutory date."""

    hazard: PerYear
    """Probability per year of repeal, once it is possible, as believed at the as-of date."""
    earliest: Year
    """Date from which repeal is possible."""
    enacted: Year
    """Date of a repeal that is law at the as-of date; 2100 means none."""
    draw: Fraction
    """The regime's own draw: the probability that its repeal came that early."""


class Imposition(Declared):
    """How a measure that is no law yet may come."""

    hazard: PerYear
    """Probability per year of imposition, once it is possible, as believed at the as-of date."""
    earliest: Year
    """Date from which imposition is possible."""
    enacted: Year
    """Date of an imposition that is law at the as-of date; 2100 means none."""
    draw: Fraction
    """The measure's own draw: the probability that it came that early."""


Event = Repeal | Imposition


class Politics(eqx.Module):
    """How events are drawn.

    Attributes:
        realized: 0 for expected values, 1 for drawn dates; between the two, their mixture.
        common: the political draw that all events share (0 to 1).
        together: loading of each event on it: 0 independent, 1 the same draw for all.
    """

    realized: Scalar
    common: Scalar
    together: Scalar


def joint_draw(politics: Politics, own: Scalar) -> Scalar:
    """Draw of one event, uniform on 0 to 1, from the common draw and its own.

    Gaussian copula with one factor: the events' normal scores have the correlation
    `together` squared with one another.
    """
    loading = jnp.clip(politics.together, 0.0, 1.0 - 1e-9)
    score = loading * _score(politics.common) + jnp.sqrt(1.0 - loading**2) * _score(own)
    return ndtr(score)


def _score(draw: Scalar) -> Scalar:
    # The normal quantile; `ndtri` gives the same, in ten times the operations.
    return jnp.sqrt(2.0) * erfinv(2.0 * jnp.clip(draw, _EDGE, 1.0 - _EDGE) - 1.0)


def event_date(event: Event, draw: Scalar) -> Scalar:
    """Date of the event if its draw is `draw` (decimal year, at most 2100).

    Exponential waiting time from the earliest date; the draw is its distribution function.
    """
    patience = -jnp.log1p(-jnp.minimum(draw, 1.0 - _EDGE))
    hazard = jnp.maximum(event.hazard, 1e-9)
    drawn = jnp.minimum(event.earliest + patience / hazard, 2100.0)
    return jnp.minimum(drawn, event.enacted)


def standing(event: Event, politics: Politics, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """How far the event has not come yet in each quarter (0 to 1).

    Expected: probability at mid-quarter, whatever the dependence. Realized: share of the quarter
    before the drawn date. `politics.realized` mixes the two.
    """
    waited = jnp.maximum(grid.middle - event.earliest, 0.0)
    expected = jnp.exp(-event.hazard * waited) * fraction_before(event.enacted, grid)
    drawn = fraction_before(event_date(event, joint_draw(politics, event.draw)), grid)
    return (1.0 - politics.realized) * expected + politics.realized * drawn


def all_standing(
    events: Sequence[Event], politics: Politics, grid: QuarterGrid
) -> Float[Array, "event quarter"]:
    """`standing` of several events, as one batch: a row for each."""
    # One kind, so that they stack: what may be repealed and what may come are drawn alike.
    alike = [
        Repeal(hazard=one.hazard, earliest=one.earliest, enacted=one.enacted, draw=one.draw)
        for one in events
    ]
    rows = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alike)
    return jax.vmap(lambda event: standing(event, politics, grid))(rows)
