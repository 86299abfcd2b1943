"""Time value of money: present value, rates of return, annuity, payback and peak funding."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from framerail.numerics.calendar import QUARTER, QuarterGrid
from framerail.quantities import Scalar


def discount_factors(
    rate: Scalar, times: Float[Array, "flow"], valuation_date: Scalar
) -> Float[Array, "flow"]:
    """Value at `valuation_date` of a dollar at each of `times` (decimal years); `rate` a year."""
    return jnp.exp(-jnp.log1p(rate) * (times - valuation_date))


def npv(rate: Scalar, flows: Float[Array, "flow"]) -> Scalar:
    """Present value of flows one period apart, the first at once; `rate` per period."""
    periods = jnp.arange(flows.shape[0], dtype=flows.dtype)
    return jnp.sum(flows * jnp.exp(-jnp.log1p(rate) * periods))


def annuity(rate: Scalar, periods: Scalar) -> Scalar:
    """Present value of one dollar at the end of each of `periods` periods.

    `(1 - (1 + rate)^-periods) / rate`, which tends to `periods` as the rate goes to zero and to
    `1 / rate` as the periods go to infinity.
    """
    small = jnp.abs(rate) < 1e-9
    safe = jnp.where(small, 1.0, rate)
    exact = -jnp.expm1(-periods * jnp.log1p(safe)) / safe
    return jnp.where(small, periods * (1.0 - (periods + 1.0) * rate / 2), exact)


class RateOfReturn(eqx.Module):
    """An internal rate of return, if there is one.

    Attributes:
        value: rate per period; zero where `exists` is false.
        exists: whether the present value changes sign between -50% and +1000% a year.
        several: whether it does so more than once (the rate nearest to zero is given).
    """

    value: Scalar
    exists: Bool[Array, ""]
    several: Bool[Array, ""]


_CELLS = 96
_STEPS = 6


def _log_factors(periods_per_year: float) -> np.ndarray:
    # Logarithm of the discount factor per period, from +1000% to -50% a year.
    return np.linspace(-np.log(11.0), -np.log(0.5), _CELLS + 1) / periods_per_year


def irr(flows: Float[Array, "flow"], periods_per_year: float = 1.0) -> RateOfReturn:
    """Internal rate of return of flows one period apart (rate per period).

    The present value is a polynomial in the discount factor. Its sign is tabulated on 97 factors;
    in the cell whose change of sign lies nearest to a zero rate, Newton's method starts from the
    chord and is held inside the cell. The last step carries the derivative (implicit function
    theorem). Two rates within one cell of the table (3% apart) go unseen.
    """
    periods = np.arange(flows.shape[0], dtype=np.float64)
    knots = _log_factors(periods_per_year)
    fixed = jax.lax.stop_gradient(flows)
    values = jnp.asarray(np.exp(np.outer(knots, periods))) @ fixed
    crosses = (values[:-1] * values[1:] < 0) | ((values[:-1] == 0) & (values[1:] != 0))
    exists = jnp.any(crosses)
    distance = jnp.asarray(np.abs(knots[:-1] + knots[1:]))
    cell = jnp.argmin(jnp.where(crosses, distance, jnp.inf))
    low, high = jnp.asarray(knots)[cell], jnp.asarray(knots)[cell + 1]
    rise = values[cell + 1] - values[cell]
    chord = -values[cell] / jnp.where(rise == 0, 1.0, rise)
    root = low + (high - low) * jnp.clip(chord, 0.0, 1.0)

    def newton(root: Scalar, at: Float[Array, "flow"]) -> Scalar:
        weights = jnp.exp(jnp.asarray(periods) * jax.lax.stop_gradient(root))
        slope = jnp.sum(fixed * jnp.asarray(periods) * weights)
        return root - jnp.sum(at * weights) / jnp.where(slope == 0, 1.0, slope)

    for _ in range(_STEPS):
        root = jnp.clip(newton(root, fixed), low, high)
    root = newton(jax.lax.stop_gradient(root), flows)
    rate = jnp.where(exists, jnp.expm1(-jnp.where(exists, root, 0.0)), 0.0)
    return RateOfReturn(rate, exists, jnp.sum(crosses) > 1)


def mirr(flows: Float[Array, "flow"], finance_rate: Scalar, reinvest_rate: Scalar) -> Scalar:
    """Modified internal rate of return per period; zero when all flows have one sign.

    Outlays are discounted at `finance_rate`, income is compounded at `reinvest_rate`.
    """
    periods = flows.shape[0] - 1
    income = npv(reinvest_rate, jnp.maximum(flows, 0.0))
    outlay = npv(finance_rate, jnp.maximum(-flows, 0.0))
    both = (income > 0) & (outlay > 0)
    ratio = jnp.where(both, income, 1.0) / jnp.where(both, outlay, 1.0)
    grown = jnp.exp(jnp.log(ratio) / periods) * (1.0 + reinvest_rate) - 1.0
    return jnp.where(both, grown, 0.0)


class Funding(eqx.Module):
    """How deep the cash goes and when it is back.

    Attributes:
        peak: deepest cumulative outlay (dollars, at least zero).
        peak_date: end of the quarter in which it is reached (decimal year).
        payback_date: date at which the cumulative cash turns positive for good (decimal year);
            the end of the grid where it never does.
        pays_back: whether it does.
    """

    peak: Scalar
    peak_date: Scalar
    payback_date: Scalar
    pays_back: Bool[Array, ""]


def funding(flows: Float[Array, "quarter"], grid: QuarterGrid) -> Funding:
    """Peak funding and undiscounted payback of quarterly flows, linear within a quarter."""
    cumulative = jnp.cumsum(flows)
    deepest = jnp.argmin(cumulative)
    below = cumulative < 0
    quarters = jnp.arange(grid.quarters)
    last = jnp.max(jnp.where(below, quarters, -1))
    pays_back = ~below[-1]
    # Cash at the start and flow of the quarter in which the cumulative crosses zero.
    crossing = jnp.minimum(last + 1, grid.quarters - 1)
    before = jnp.where(last >= 0, cumulative[jnp.maximum(last, 0)], 0.0)
    inflow = flows[crossing]
    share = jnp.clip(-before / jnp.where(inflow > 0, inflow, 1.0), 0.0, 1.0)
    date = grid.start_of_quarter[crossing] + QUARTER * share
    first = grid.start_of_quarter[0]
    return Funding(
        peak=jnp.maximum(-cumulative[deepest], 0.0),
        peak_date=grid.end[deepest],
        payback_date=jnp.where(pays_back, jnp.where(last >= 0, date, first), grid.end[-1]),
        pays_back=pays_back,
    )
