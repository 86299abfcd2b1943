"""Deferred tax: what book and tax income owe each other, and losses worth carrying.

After ASC 740: temporary differences and losses carried forward at the combined rate, less an
allowance for losses that the plan never uses.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.program.cash_flow import CashFlow, Streams
from framerail.program.depreciation import research_deduction
from framerail.program.inputs import Finance
from framerail.program.tax import combined_tax_rate
from framerail.program.working_capital import change


class DeferredTax(eqx.Module):
    """Tax in the books.

    Attributes:
        accrued: current tax of the quarter's own income (dollars); its year's sum is the tax paid.
        prepaid: tax paid ahead of its accrual, at quarter end; zero at the end of a year (dollars).
        differences: tax value of temporary differences at quarter end (an asset; dollars).
        losses: tax value of losses carried forward that the plan will use (an asset; dollars).
        opening: the same of the losses brought in, before the first quarter (dollars).
        expense: deferred tax of the quarter: decrease of the two assets (dollars).
    """

    accrued: Float[Array, "quarter"]
    prepaid: Float[Array, "quarter"]
    differences: Float[Array, "quarter"]
    losses: Float[Array, "quarter"]
    opening: Float[Array, ""]
    expense: Float[Array, "quarter"]


def deferred_tax(
    finance: Finance, streams: Streams, cash: CashFlow, net_assets: Float[Array, "quarter"]
) -> DeferredTax:
    """Deferred tax of one partner's share.

    A year's change of the losses carried forward is spread evenly over its quarters, so that
    every quarter bears the combined rate on its own income (ASC 740-270 does so through the
    year's estimated rate).

    Args:
        finance: rates, and the part of engineering that tax law spreads.
        streams: the share's streams.
        cash: its cash flow.
        net_assets: tooling and equipment net of book depreciation (dollars).
    """
    rate = combined_tax_rate(finance)
    carried = jnp.concatenate([finance.opening_loss[None], cash.income_tax.loss_carried])
    # Oldest first: what stays below every later balance is never used.
    idle = jnp.minimum.accumulate(carried[::-1])[::-1]
    useful = carried - idle
    accrued = rate * (cash.taxable_income + jnp.repeat(jnp.diff(carried) / 4, 4))
    step = jnp.tile(jnp.arange(1.0, 5.0) / 4, useful.shape[0] - 1)
    losses = rate * (jnp.repeat(useful[:-1], 4) + step * jnp.repeat(jnp.diff(useful), 4))

    tax_basis = jnp.cumsum(streams.tooling + streams.conversion - cash.depreciation)
    deducted = research_deduction(streams.engineering, finance.engineering_capitalized)
    research_basis = jnp.cumsum(streams.engineering - deducted)
    reserve = cash.working_capital.warranty_reserve
    differences = rate * (tax_basis - net_assets + research_basis + reserve)
    opening = rate * useful[0]
    return DeferredTax(
        accrued=accrued,
        prepaid=jnp.cumsum(cash.income_tax.tax - accrued),
        differences=differences,
        losses=losses,
        opening=opening,
        expense=-change(differences) - jnp.diff(losses, prepend=opening),
    )
