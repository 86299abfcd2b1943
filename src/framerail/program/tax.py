"""Income tax by calendar year: federal and state, with losses carried forward and section 382."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import quarterly_flow_to_annual
from framerail.program.inputs import Finance
from framerail.quantities import Scalar


class IncomeTax(eqx.Module):
    """Tax on one partner's share.

    Attributes:
        tax: dollars by quarter, a quarter of the year's tax each (estimated payments); negative
            where the partner's other income absorbs a loss.
        loss_used: losses carried forward that are used in each calendar year (dollars).
        loss_carried: losses still carried at the end of each calendar year (dollars).
        loss_limited: the part of these that section 382 limits (dollars).
        residual: gap in the losses' balance: opening + made - relieved - used = carried (dollars).
    """

    tax: Float[Array, "quarter"]
    loss_used: Float[Array, "year"]
    loss_carried: Float[Array, "year"]
    loss_limited: Float[Array, "year"]
    residual: Scalar


def combined_tax_rate(finance: Finance) -> Scalar:
    """Federal and state rate together: state tax is deductible from federal income."""
    return finance.tax_rate + finance.state_tax_rate * (1.0 - finance.tax_rate)


def income_tax(
    finance: Finance, taxable: Float[Array, "quarter"], year_start: Float[Array, "year"]
) -> IncomeTax:
    """Tax on taxable income by quarter, assessed by calendar year.

    A loss is relieved at once for the share that the partner's other income absorbs; the rest is
    carried forward without limit of time and may offset at most `loss_limit` of a later year's
    income (26 U.S.C. 172 as amended in 2017). After `ownership_change`, losses from before it
    offset at most `ownership_limit` a year; what is not used of that limit adds to the next
    year's, and the year of the change is divided by days (26 U.S.C. 382(b)). The oldest losses are
    used first. The states' base is taken to be the federal one.

    Args:
        finance: the partner's rates, losses and limits.
        taxable: income before losses carried forward (dollars); the quarters make up whole years.
        year_start: first instant of each calendar year (decimal year).
    """
    annual = quarterly_flow_to_annual(taxable)
    before = jnp.clip(finance.ownership_change - year_start, 0.0, 1.0)
    rate = combined_tax_rate(finance)

    def step(
        carry: tuple[Scalar, Scalar, Scalar], year: tuple[Scalar, Scalar]
    ) -> tuple[tuple[Scalar, Scalar, Scalar], tuple[Scalar, Scalar, Scalar, Scalar]]:
        (old, new, room), (income, before) = carry, year
        profit, loss = jnp.maximum(income, 0.0), jnp.maximum(-income, 0.0)
        most = finance.loss_limit * profit
        unlimited, room = before * most, room + (1.0 - before) * finance.ownership_limit
        used_old = jnp.minimum(old, jnp.minimum(most, unlimited + room))
        used_new = jnp.minimum(new, most - used_old)
        room = room - jnp.maximum(used_old - unlimited, 0.0)
        relieved = finance.loss_relief * loss
        kept = loss - relieved
        old = old - used_old + before * kept
        new = new - used_new + (1.0 - before) * kept
        used = used_old + used_new
        tax = rate * (profit - used - relieved)
        return (old, new, room), (tax, used, old + new, (1.0 - before) * old)

    zero = jnp.zeros_like(finance.opening_loss)
    opening = (finance.opening_loss, zero, zero)
    _, (tax, used, carried, limited) = jax.lax.scan(step, opening, (annual, before))
    made = (1.0 - finance.loss_relief) * jnp.sum(jnp.maximum(-annual, 0.0))
    residual = jnp.abs(finance.opening_loss + made - jnp.sum(used) - carried[-1])
    return IncomeTax(jnp.repeat(tax / 4, 4), used, carried, limited, residual)
