"""Working capital: cash tied up between paying and being paid."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QUARTER
from framerail.program.inputs import Finance
from framerail.quantities import Scalar

_DAYS_PER_QUARTER = 365.25 / 4


class WorkingCapital(eqx.Module):
    """Balances at the end of each quarter (dollars).

    Attributes:
        receivable: sales not yet paid for.
        inventory: parts and work in process (finished trucks are paid for as they are built).
        payable: purchases not yet paid for.
        warranty_reserve: accrued at sale, not yet paid out.
    """

    receivable: Float[Array, "quarter"]
    inventory: Float[Array, "quarter"]
    payable: Float[Array, "quarter"]
    warranty_reserve: Float[Array, "quarter"]

    @property
    def trade(self) -> Float[Array, "quarter"]:
        """Receivable plus inventory less payable (dollars)."""
        return self.receivable + self.inventory - self.payable


def working_capital(
    finance: Finance,
    sales: Float[Array, "quarter"],
    purchases: Float[Array, "quarter"],
    warranty: Float[Array, "quarter"],
) -> WorkingCapital:
    """Balances from flows: days of the quarter's own flow; the reserve pays out at a steady rate.

    Args:
        finance: the partner's days and warranty lag.
        sales: revenue by quarter (dollars).
        purchases: materials and freight bought by quarter (dollars).
        warranty: accrued by quarter (dollars).
    """
    days = _DAYS_PER_QUARTER
    return WorkingCapital(
        receivable=finance.receivable_days / days * sales,
        inventory=finance.inventory_days / days * purchases,
        payable=finance.payable_days / days * purchases,
        warranty_reserve=_reserve(warranty, finance.warranty_lag),
    )


def _reserve(accrued: Float[Array, "quarter"], lag: Scalar) -> Float[Array, "quarter"]:
    # Exponential payout with mean `lag`; at least a quarter, and all of it by the last quarter.
    keep = 1.0 - jnp.minimum(QUARTER / jnp.maximum(lag, QUARTER), 1.0)

    def step(balance: Scalar, flow: Scalar) -> tuple[Scalar, Scalar]:
        balance = keep * (balance + flow)
        return balance, balance

    _, balance = jax.lax.scan(step, jnp.zeros_like(lag), accrued)
    return balance.at[-1].set(0.0)


def change(balance: Float[Array, "quarter"]) -> Float[Array, "quarter"]:
    """Increase of a balance in each quarter, from zero before the first."""
    return jnp.diff(balance, prepend=0.0)
