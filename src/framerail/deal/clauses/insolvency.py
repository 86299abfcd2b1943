"""What the term sheet says about a failure: liens, assets out of the estate, who is paid first."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.clauses.ordering import circles, depth
from framerail.deal.clauses.transfer import SENIORITIES, Seniority
from framerail.quantities import Declared, Duration, Fraction, PositiveDollar


class LienRelease(Declared):
    """Lenders release their lien on the designs when the deal is signed."""

    platform: Fraction
    """Share of the platform's proceeds that is then free for all creditors."""


class AssetPurchase(Declared):
    """The incumbent's bid for the designs out of the estate, should the start-up fail."""

    bid: PositiveDollar
    """Price paid to the estate."""
    probability: Fraction
    """Probability of winning the sale."""
    completeness: Fraction
    """Share of what is needed that the sale brings in usable form."""
    cost: PositiveDollar
    """The incumbent's own cost of finishing the work."""
    delay: Duration
    """Time that the program stands still."""


class Ladder(eqx.Module):
    """Claims on an estate opened in each quarter, by name.

    Attributes:
        owed: by claim (dollars).
        rank: of each claim.
        senior_to: for each claim, claims of the same rank that are paid after it.
    """

    owed: dict[str, Float[Array, "quarter"]]
    rank: dict[str, Seniority] = eqx.field(static=True)
    senior_to: dict[str, tuple[str, ...]] = eqx.field(static=True)

    def levels(self, rank: Seniority) -> list[list[str]]:
        """Names of one rank, the first paid first; names on one level share alike."""
        after = {
            name: tuple(o for o in self.senior_to[name] if self.rank.get(o) == rank)
            for name in self.owed
            if self.rank[name] == rank
        }
        by_depth: dict[int, list[str]] = {}
        for name in sorted(after):
            by_depth.setdefault(-depth(name, after), []).append(name)
        return [by_depth[key] for key in sorted(by_depth)]


def ranking_faults(senior_to: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Claims that are senior to themselves, directly or through others."""
    return [
        f"ranking: {' over '.join(chain)} makes a security senior to itself; "
        "take one `senior_to` out"
        for chain in circles(senior_to)
    ]


def waterfall(
    pool: Float[Array, "..."], claims: Float[Array, "rank ..."]
) -> Float[Array, "rank ..."]:
    """Distribution of a pool by rank: each rank is paid in full before the next gets anything."""
    ahead = jnp.cumsum(claims, axis=0) - claims
    return jnp.clip(pool[None] - ahead, 0.0, claims)


def distribute(
    pool: Float[Array, "quarter"], free: Float[Array, "quarter"], ladder: Ladder
) -> dict[str, Float[Array, "quarter"]]:
    """What each claim gets of an estate of `pool` dollars, of which `free` bears no lien.

    Super-senior claims are paid out of everything, secured ones out of what their lien covers;
    what it does not cover ranks with the unsecured.
    """
    paid: dict[str, Float[Array, "quarter"]] = {}
    short = {name: jnp.zeros_like(pool) for name in ladder.owed}
    left, encumbered = pool, jnp.maximum(pool - free, 0.0)
    for rank in SENIORITIES:
        for names in ladder.levels(rank):
            due = {name: ladder.owed[name] for name in names}
            if rank == "unsecured":
                due |= {name: short[name] for name in short if ladder.rank[name] == "secured"}
            total = sum(due.values(), start=jnp.zeros_like(pool))
            available = encumbered if rank == "secured" else left
            share = jnp.clip(available, 0.0, total) / jnp.maximum(total, 1.0)
            for name, amount in due.items():
                got = amount * share
                paid[name] = paid.get(name, jnp.zeros_like(pool)) + got
                short[name] = amount - got if rank == "secured" else jnp.zeros_like(pool)
            spent = share * total
            left, encumbered = left - spent, jnp.maximum(encumbered - spent, 0.0)
    return paid
