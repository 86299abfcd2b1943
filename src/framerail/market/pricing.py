"""Prices of multi-product firms: ownership, first-order conditions and the markup map.

With markups m = p - c, a firm's first-order condition for product j is

    O_jj s_j + sum_k O_jk m_k ds_k/dp_j = 0

where O_jk is the part of k's profit that whoever prices j cares for. Morrow and Skerlos (2011,
Operations Research 59, 328) rewrite it as m = zeta(p), which is close to contracting where the
textbook form is not. Profits are summed by firm before products meet, so no product-by-product
matrix is formed: M_if = sum_k S_ik m_k C_kf costs buyers x products x firms.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.choice import Choice, choose
from framerail.market.nests import Nests
from framerail.market.products import ProductTable
from framerail.numerics.linear import solve


class Ownership(eqx.Module):
    """Who prices a product and who earns on it."""

    control: Float[Array, "product firm"]
    """Weight of each firm in pricing the product; rows sum to one."""
    cash: Float[Array, "product firm"]
    """Part of the product's profit that each firm receives; rows sum to at most one. A joint
    venture has entries between zero and one."""

    def matrix(self) -> Float[Array, "product product"]:
        """O_jk: the part of k's profit that the pricer of j cares for."""
        return self.control @ self.cash.T

    def own(self) -> Float[Array, " product"]:
        """O_jj: the pricer's part in the product itself."""
        return jnp.sum(self.control * self.cash, axis=1)


def ownership_of(table: ProductTable) -> Ownership:
    """Every firm prices its own products and keeps all of their profit."""
    return Ownership(control=table.firm, cash=table.firm)


class Pieces(NamedTuple):
    """Intermediate sums of the first-order conditions at one price vector."""

    choice: Choice
    share: Float[Array, " product"]
    """Shadow share: share per unit of availability."""
    slope: Float[Array, " product"]
    """Mass of price-weighted shadow share, sum_i w_i a_i S_ij; in nests over 1 - rho."""
    weighted: Float[Array, "buyer product"]
    """w_i a_i S_ij."""
    earned: Float[Array, "buyer product"]
    """Profit that the pricer of j expects from buyer i, sum_f control_jf M_if; in nests with
    what the others of the nest win."""
    own: Float[Array, " product"]


class Utility(NamedTuple):
    """Utility of every product but for its price: `gross - sensitivity * price`."""

    gross: Float[Array, "buyer product"]
    availability: Float[Array, " product"]
    nests: Nests | None = None


def pieces(
    buyers: Buyers,
    utility: Utility,
    ownership: Ownership,
    price: Float[Array, " product"],
    markup: Float[Array, " product"],
) -> Pieces:
    """Evaluate choice and the sums that the conditions need."""
    choice = choose(
        utility.gross - buyers.sensitivity[:, None] * price[None, :],
        utility.availability,
        utility.nests,
    )
    earned = choice.bought @ (markup[:, None] * ownership.cash) @ ownership.control.T
    weighted = (buyers.weight * buyers.sensitivity)[:, None] * choice.shadow
    slope = jnp.sum(weighted, axis=0)
    if choice.nest is not None:
        # A buyer lost in a nest is won by its other members first.
        cared = ownership.matrix() * choice.nest.rivalry()
        earned += (choice.nest.bought * markup[None, :]) @ cared.T
        slope *= choice.nest.stretch()
    return Pieces(
        choice=choice,
        share=buyers.weight @ choice.shadow,
        slope=slope,
        weighted=weighted,
        earned=earned,
        own=ownership.own(),
    )


def zeta(parts: Pieces) -> Float[Array, " product"]:
    """Markup that each product's first-order condition asks for, given the others."""
    cross = jnp.sum(parts.weighted * parts.earned, axis=0)
    return (parts.share + cross / parts.own) / _positive(parts.slope)


def zeta_jacobian(
    buyers: Buyers, ownership: Ownership, parts: Pieces, markup: Float[Array, " product"]
) -> Float[Array, "product product"]:
    """d zeta_j / d p_l at [j, l], where every markup moves with its own price; without nests."""
    bought = parts.choice.bought
    per_dollar = buyers.sensitivity[:, None]
    steep = per_dollar * parts.weighted
    earning = steep * parts.earned / parts.own[None, :]
    asked = zeta(parts)
    # Two products of buyers' matrices are all that is needed: numerator and denominator share one.
    change = (parts.weighted + 2 * earning - asked[None, :] * steep).T @ bought
    rivals = parts.weighted.T @ (bought * (1 - per_dollar * markup[None, :]))
    change += ownership.matrix() / parts.own[:, None] * rivals
    own = parts.slope + jnp.sum(earning, axis=0) - asked * jnp.sum(steep, axis=0)
    return (change - jnp.diag(own)) / _positive(parts.slope)[:, None]


def own_curvature(
    buyers: Buyers, parts: Pieces, markup: Float[Array, " product"]
) -> Float[Array, " product"]:
    """d zeta_j / d p_j: below one where a price is a local maximum of its firm's profit; without
    nests."""
    bought = parts.choice.bought
    per_dollar = buyers.sensitivity
    earning = parts.weighted * parts.earned / parts.own[None, :]
    steep = per_dollar @ parts.weighted
    steeper = per_dollar @ (parts.weighted * bought)
    numerator = (
        jnp.sum((2 * parts.weighted) * bought, axis=0)
        + 2 * (per_dollar @ (earning * bought))
        - per_dollar @ earning
        - steeper * markup
        - parts.slope
    )
    return (numerator - zeta(parts) * (steeper - steep)) / _positive(parts.slope)


def markups(buyers: Buyers, ownership: Ownership, choice: Choice) -> Float[Array, " product"]:
    """Markups that make the observed prices optimal: a linear system in the choices alone.

    A product off sale gets the markup that its pricer would ask for the first unit.
    """
    weighted = (buyers.weight * buyers.sensitivity)[:, None] * choice.shadow
    matrix = ownership.matrix()
    crossed = matrix * (weighted.T @ choice.bought)
    slope = jnp.sum(weighted, axis=0)
    if choice.nest is not None:
        crossed += matrix * choice.nest.rivalry() * (weighted.T @ choice.nest.bought)
        slope *= choice.nest.stretch()
    system = jnp.diag(ownership.own() * slope) - crossed
    return solve(system, ownership.own() * (buyers.weight @ choice.shadow))


def _positive(value: Float[Array, " product"]) -> Float[Array, " product"]:
    return jnp.maximum(value, 1e-300)
