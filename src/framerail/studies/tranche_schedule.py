"""When to pay how much: a search over tranche schedules on the study's draws, and the bargain.

Number, size and dates of the tranches are varied and every schedule is settled on the same solved
markets, so that the partner's failure is counted in each. Gains are in expectation and over what
each side has without the deal.
"""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.deal import Solutions, Terms, solve_bargain
from framerail.deal.options import splits
from framerail.studies.structure_chain import Chain, SolvedRows

TOTALS = (200e6, 400e6)
"""Sums of the tranches that are looked at, dollars: the reported one and half of it."""
STEPS = 4
"""Parts into which a sum is split."""
SHIFTS = (-0.5, 0.5, 1.0)
"""Moves of the tranches' dates that are tried on the best split, years."""


@dataclasses.dataclass(frozen=True)
class Tranche:
    """One payment: its face (dollars), and date (decimal year, before any test)."""

    name: str
    face: float
    date: float


@dataclasses.dataclass(frozen=True)
class Offer:
    """One schedule, with the expected gain of incumbent and start-up over no deal (dollars), the
    standard errors, and the incumbent's gain by draw."""

    tranches: tuple[Tranche, ...]
    gain: np.ndarray
    error: np.ndarray
    draws: np.ndarray

    @property
    def total(self) -> float:
        """Face of all tranches."""
        return sum(one.face for one in self.tranches)

    @property
    def label(self) -> str:
        """The schedule in words: face in millions of dollars at its date."""
        paid = [f"${one.face / 1e6:.0f}M {one.date:.2f}" for one in self.tranches if one.face]
        return ", ".join(paid) or "nothing before the royalty"


@dataclasses.dataclass(frozen=True)
class Bargain:
    """Offers against what each side has without the deal.

    `disagreement` of incumbent and start-up (dollars over no deal); `over_nothing` are the
    bargaining solutions against no deal, `over_outside` against the best outside options; `best`
    is the offer with the incumbent's largest gain among those that the start-up would sign, if
    there is one, `joint` the one with the largest sum.
    """

    offers: list[Offer]
    disagreement: np.ndarray
    over_nothing: Solutions
    over_outside: Solutions
    best: Offer | None
    joint: Offer

    @property
    def agreeable(self) -> int:
        """Offers that leave neither side worse than its outside option."""
        gains = np.stack([one.gain for one in self.offers])
        return int(np.all(gains >= self.disagreement, axis=1).sum())


def with_tranches(terms: Terms, faces: Sequence[float], shifts: Sequence[float]) -> Terms:
    """The term sheet with other faces and moved dates of upfront license and milestones.

    Tranches are in the order of `tranche_names`; every leaf may have a draw axis.
    """
    upfront, milestones = terms.upfront, terms.milestones or {}
    if upfront is None:
        raise ValueError("the term sheet has no upfront clause to vary; zero will do")
    ones = jnp.ones_like(jnp.asarray(upfront.amount))
    changed = eqx.tree_at(
        lambda u: (u.amount, u.date), upfront,
        (faces[0] * ones, jnp.asarray(upfront.date) + shifts[0]),
    )  # fmt: skip
    moved = {
        name: eqx.tree_at(
            lambda m: (m.amount, m.date, m.deadline),
            milestones[name],
            (
                face * ones,
                jnp.asarray(milestones[name].date) + shift,
                jnp.asarray(milestones[name].deadline) + shift,
            ),
        )
        for name, face, shift in zip(tranche_names(terms)[1:], faces[1:], shifts[1:], strict=True)
    }
    return dataclasses.replace(terms, upfront=changed, milestones=moved or None)


def tranche_names(terms: Terms) -> list[str]:
    """The upfront license, then the milestones by their first date."""
    milestones = terms.milestones or {}
    return ["upfront", *sorted(milestones, key=lambda k: float(np.mean(milestones[k].date)))]


def search(
    chain: Chain, solved: SolvedRows, terms: Terms, disagreement: np.ndarray, power: float
) -> Bargain:
    """Schedules of the term sheet's tranches: all splits of `TOTALS`, then dates of the best.

    **Arguments:** `terms` at the solved rows, every leaf of shape (row,); `disagreement` as in
    `OutsideOptions`; `power`, the incumbent's weight in the Nash product.
    """
    names = tranche_names(terms)
    level = np.zeros(len(names))
    offers = [_offer(chain, solved, terms, names, level, level)]
    for total in TOTALS:
        for row in np.asarray(splits(len(names), STEPS)):
            offers.append(_offer(chain, solved, terms, names, total * row, level))
    lead = _chosen(offers, disagreement) or max(offers, key=lambda one: one.gain.sum())
    faces = np.array([one.face for one in lead.tranches])
    for place in np.flatnonzero(faces > 0.0):
        for shift in SHIFTS:
            if place == 0 and shift < 0.0:
                continue  # nothing is paid before the signature
            moves = np.where(np.arange(len(names)) == place, shift, 0.0)
            offers.append(_offer(chain, solved, terms, names, faces, moves))
    return bargain(offers, disagreement, power)


def bargain(offers: list[Offer], disagreement: np.ndarray, power: float) -> Bargain:
    """Bargaining solutions over a set of offers, against no deal and against outside options."""
    gains, weight = jnp.asarray(np.stack([one.gain for one in offers])), jnp.asarray(power)
    return Bargain(
        offers=offers,
        disagreement=disagreement,
        over_nothing=solve_bargain(gains, weight),
        over_outside=solve_bargain(gains - jnp.asarray(disagreement)[None], weight),
        best=_chosen(offers, disagreement),
        joint=max(offers, key=lambda one: float(one.gain.sum())),
    )


def _chosen(offers: list[Offer], disagreement: np.ndarray) -> Offer | None:
    """The incumbent's best among offers that the start-up would sign."""
    signed = [one for one in offers if one.gain[1] >= disagreement[1]]
    return max(signed, key=lambda one: float(one.gain[0])) if signed else None


def _offer(
    chain: Chain,
    solved: SolvedRows,
    terms: Terms,
    names: list[str],
    faces: np.ndarray,
    shifts: np.ndarray,
) -> Offer:
    sheet = with_tranches(terms, list(faces), list(shifts))
    found = chain.settle(solved, jax.tree.map(np.asarray, sheet), "Tranche schedules")
    usable = np.asarray(found.headline.fatal) == 0
    gain = np.asarray(found.headline.gain)[usable, :2]
    milestones = sheet.milestones or {}
    dates = [sheet.upfront.date if sheet.upfront else 0.0]
    dates += [milestones[name].date for name in names[1:]]
    tranches = tuple(
        Tranche(name, float(face), float(np.mean(date)))
        for name, face, date in zip(names, faces, dates, strict=True)
    )
    error = gain.std(axis=0) / np.sqrt(max(gain.shape[0], 1))
    return Offer(tranches, gain.mean(axis=0), error, gain[:, 0])


__all__ = ["Bargain", "Offer", "Tranche", "bargain", "search", "tranche_names", "with_tranches"]
