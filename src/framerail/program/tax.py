"""Income tax by calendar year with losses carried forward."""

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
        residual: gap in the losses' balance: opening + made - relieved - used = carried (dollars).
    """

    tax: Float[Array, "quarter"]
    loss_used: Float[Array, "year"]
    loss_carried: Float[Array, "year"]
    residual: Scalar


def income_tax(finance: Finance, taxable: Float[Array, "quarter"]) -> IncomeTax:
    """Tax on taxable income by quarter, assessed by calendar year.

    A loss is relieved at once for the share that the partner's other income absorbs; the rest is
    carried forward without limit of time and may offset at most `loss_limit` of a later year's
    income (26 U.S.C. 172 as amended in 2017). The quarters must make up whole years.
    """
    annual = quarterly_flow_to_annual(taxable)

    def step(carried: Scalar, income: Scalar) -> tuple[Scalar, tuple[Scalar, Scalar, Scalar]]:
        profit, loss = jnp.maximum(income, 0.0), jnp.maximum(-income, 0.0)
        used = jnp.minimum(carried, finance.loss_limit * profit)
        relieved = finance.loss_relief * loss
        carried = carried - used + (loss - relieved)
        return carried, (finance.tax_rate * (profit - used - relieved), used, carried)

    _, (tax, used, carried) = jax.lax.scan(step, finance.opening_loss, annual)
    made = (1.0 - finance.loss_relief) * jnp.sum(jnp.maximum(-annual, 0.0))
    residual = jnp.abs(finance.opening_loss + made - jnp.sum(used) - carried[-1])
    return IncomeTax(jnp.repeat(tax / 4, 4), used, carried, residual)
