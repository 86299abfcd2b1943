"""Nests on top of random coefficients: products whose unseen parts of utility are alike.

Buyer i's probability of product j in nest h, with correlation rho of the extreme-value terms,

    s_ij = exp(V_ij / (1 - rho)) / D_ih  x  D_ih^(1 - rho) / (1 + sum_g D_ig^(1 - rho_g)),
    D_ih = sum_k in h exp(V_ik / (1 - rho)),

as in Berry (1994), McFadden (1978) and PyBLP's `rho`. A correlation of zero is the plain logit.
The outside good is a nest of its own; so is every product that no nest names.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Quantity, Scalar

Correlation = Annotated[Scalar, Quantity("dimensionless", 0.0, 0.99)]


class Nest(Declared):
    """Products that buyers see as alike beyond their attributes."""

    products: tuple[str, ...] = eqx.field(static=True)
    """Names of the products in the nest, two or more."""
    correlation: Correlation
    """Correlation of their extreme-value terms: zero, plain logit; near one, one product."""


class Nests(eqx.Module):
    """A partition of the products."""

    member: Float[Array, "product nest"]
    """One where the product is in the nest; every row sums to one."""
    correlation: Float[Array, " nest"]
    """In [0, 1); without meaning in a nest of one product, where it is zero."""

    def by_product(self) -> Float[Array, " product"]:
        """Correlation of each product's nest."""
        return self.member @ self.correlation


class WithinNest(eqx.Module):
    """What derivatives need of nests at one choice."""

    bought: Float[Array, "buyer product"]
    """Probability of the product once its nest is chosen."""
    correlation: Float[Array, " product"]
    same: Float[Array, "product product"]
    """One where both are in one nest, the diagonal included."""

    def stretch(self) -> Float[Array, " product"]:
        """1 / (1 - rho): how much steeper choices within the nest are."""
        return 1 / (1 - self.correlation)

    def rivalry(self) -> Float[Array, "product product"]:
        """rho / (1 - rho) where both are in one nest, else zero."""
        return self.same * (self.correlation * self.stretch())[:, None]


def nest_faults(nests: Mapping[str, Nest], products: Sequence[str]) -> tuple[str, ...]:
    """What is wrong with nests over products of these names, each with its cure."""
    found, seen = [], dict[str, str]()
    for name in sorted(nests):
        members = nests[name].products
        unknown = sorted(set(members) - set(products))
        if unknown:
            found.append(f"nests.{name} names no product {unknown[0]}; correct or remove the name")
        if len(set(members)) < 2:
            found.append(
                f"nests.{name} is a nest of {len(set(members))}: its correlation has no meaning; "
                "add a product or remove the nest"
            )
        for member in members:
            if member in seen:
                found.append(
                    f"product {member} is twice in nests ({seen[member]}, {name}); keep one"
                )
            seen[member] = name
    return tuple(found)


def nests_of(nests: Mapping[str, Nest], products: Sequence[str]) -> Nests:
    """Nests as arrays over products in this order."""
    home = {member: name for name in nests for member in nests[name].products}
    alone = [name for name in products if name not in home]
    columns = [*sorted(nests), *alone]
    zero = jnp.zeros(())
    return Nests(
        member=jnp.asarray(
            [[float(home.get(name, name) == column) for column in columns] for name in products]
        ),
        correlation=jnp.stack(
            [nests[column].correlation if column in nests else zero for column in columns]
        ),
    )


def joined_nests(known: Nests | None, newcomers: Nests | None) -> Nests | None:
    """Nests of a market joined by newcomers.

    **Arguments:** `newcomers.member` has their rows over the known nests, all zero for a product
    that stands alone; its correlations are not read.

    Raises:
        ValueError: when they are placed among other nests than the market's.
    """
    if known is None and newcomers is None:
        return None
    if known is None or newcomers is None or newcomers.member.shape[1] != known.member.shape[1]:
        columns = "no" if known is None else known.member.shape[1]
        raise ValueError(
            f"the market has {columns} nests, the newcomers are placed among others: give them "
            "`Nests` with one column for every nest of the market, or none where it has none"
        )
    old, new = known.member.shape[0], newcomers.member.shape[0]
    alone = jnp.diag(1 - jnp.sum(newcomers.member, axis=1))
    above = jnp.concatenate([known.member, jnp.zeros((old, new))], axis=1)
    below = jnp.concatenate([newcomers.member, alone], axis=1)
    return Nests(
        member=jnp.concatenate([above, below]),
        correlation=jnp.concatenate([known.correlation, jnp.zeros(new)]),
    )


class NestedOdds(NamedTuple):
    """Choice probabilities in parts."""

    shadow: Float[Array, "buyer product"]
    """Probability per unit of availability."""
    outside: Float[Array, " buyer"]
    log_inclusive: Float[Array, " buyer"]
    within: WithinNest


def nested_odds(
    utility: Float[Array, "buyer product"], availability: Float[Array, " product"], nests: Nests
) -> NestedOdds:
    """Nested logit probabilities, safe for any finite utility.

    A nest without any product on sale draws nobody; what its first product would sell is taken
    as its share of the nest with all members on sale.
    """
    count = nests.member.shape[1]
    home = jnp.argmax(nests.member, axis=1)
    scaled = utility / (1 - nests.by_product())[None, :]
    best = jax.ops.segment_max(scaled.T, home, num_segments=count).T
    # A column that no product is in has no best: any finite number will do.
    best = jax.lax.stop_gradient(jnp.where(jnp.isfinite(best), best, 0.0))
    odds = jnp.exp(scaled - best @ nests.member.T)
    on_sale = (odds * availability[None, :]) @ nests.member
    empty = on_sale <= 0
    everyone = odds @ nests.member
    everyone = jnp.where(everyone > 0, everyone, 1.0)
    sum_of_odds = jnp.where(empty, everyone, jnp.where(empty, 1.0, on_sale))
    inclusive = (1 - nests.correlation)[None, :] * (best + jnp.log(sum_of_odds))
    top = jax.lax.stop_gradient(jnp.maximum(jnp.max(inclusive, axis=1), 0.0))
    of_nest = jnp.exp(inclusive - top[:, None])
    nothing = jnp.exp(-top)
    total = nothing + jnp.sum(jnp.where(empty, 0.0, of_nest), axis=1)
    within = odds / (sum_of_odds @ nests.member.T)
    return NestedOdds(
        shadow=within * ((of_nest / total[:, None]) @ nests.member.T),
        outside=nothing / total,
        log_inclusive=top + jnp.log(total),
        within=WithinNest(
            bought=within * availability[None, :],
            correlation=nests.by_product(),
            same=nests.member @ nests.member.T,
        ),
    )
