"""The deal's value to each side: survival with and without it, settlement, gains, audits."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.deal.cash_plan import put_on_delisting
from framerail.deal.flows import PartnerFlows
from framerail.deal.inputs import DealInputs
from framerail.deal.instruments import Terms
from framerail.deal.partners import Headroom, headroom
from framerail.deal.settlement import (
    Book,
    open_book,
    settle_at,
    with_new_money,
)
from framerail.deal.survival import Survival, default_quarter, effective_access, survive
from framerail.numerics.calendar import QuarterGrid, fraction_after, fraction_before
from framerail.numerics.outcome import Outcome, flag
from framerail.quantities import Scalar

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "start_up_fails_first",
        "The start-up is more likely than not to fail before production starts.",
        "bring cash forward, cut its burn, or take a step-in right that survives insolvency",
    ),
    Outcome(
        "books_do_not_balance",
        "What one party pays is not what the others receive.",
        "report this: it is an error of the engine, not of the inputs",
    ),
    Outcome(
        "cash_off_scale",
        "The start-up's cash lies above the range that the survival model follows.",
        "raise survival.cash_shock to the size of this company's quarterly surprises",
    ),
    Outcome(
        "survival_not_resolved",
        "The survival model loses more than one part in a thousand of its probability.",
        "raise survival.cash_shock or give raises a wider spread",
    ),
    Outcome(
        "royalty_without_product",
        "The term sheet charges a royalty on trucks of the incumbent, and none is built.",
        "put a truck of the incumbent on the shared platform, or take terms.royalty out",
    ),
)
"""What a deal has to say beside its value."""


_CHEQUE = ("upfront license", "milestone", "equity purchase")
"""Clauses that make up the investment, as against payments for trucks and costs."""


class Outside(eqx.Module):
    """What each side has without this deal, beyond what the deal stage itself values.

    Attributes:
        incumbent: net present value of its best alternative (dollars).
        start_up: net present value that an alternative adds to carrying on alone (dollars).
    """

    incumbent: Scalar
    start_up: Scalar


class DealValue(eqx.Module):
    """What the deal is worth, in expectation over the start-up's failure unless said otherwise.

    Attributes:
        value: present value by party with the deal, in the order of `PARTIES` (dollars).
        value_without: the same without it; partners' outside options included.
        gain: the difference.
        joint_gain: the two partners' gains together.
        third_party_gain: the gains of all others together.
        survival: default risk with the deal.
        survival_without: default risk without it.
        default_before_production: probability of failing before the first truck, with the deal.
        default_before_production_without: the same without it.
        transfers: expected total under each clause, from incumbent to start-up (dollars).
        ledger: expected transfers by party and quarter (dollars).
        external: expected external cash by party and quarter (dollars).
        value_if_default: value by party if the start-up fails in each quarter; last column: never.
        incumbent_loss_if_default: what a failure in each quarter costs the incumbent against
            none (dollars).
        steps_in: probability that the incumbent ends up going on alone.
        default_time: realized time of failure (quarters), by `survival.chance`.
        realized: value by party in that realization.
        realized_gain: its difference to the value without the deal.
        headroom: the expected cheque against the incumbent's treasury.
        sum_residual: largest imbalance of the ledger over quarters and realizations (dollars).
        outcome: bits of `OUTCOMES`.
    """

    value: Float[Array, "party"]
    value_without: Float[Array, "party"]
    gain: Float[Array, "party"]
    joint_gain: Scalar
    third_party_gain: Scalar
    survival: Survival
    survival_without: Survival
    default_before_production: Scalar
    default_before_production_without: Scalar
    transfers: dict[str, Scalar]
    ledger: Float[Array, "party quarter"]
    external: Float[Array, "party quarter"]
    value_if_default: Float[Array, "party time"]
    incumbent_loss_if_default: Float[Array, "quarter"]
    steps_in: Scalar
    default_time: Scalar
    realized: Float[Array, "party"]
    realized_gain: Float[Array, "party"]
    headroom: Headroom
    sum_residual: Scalar
    outcome: Int[Array, ""]


class _World(eqx.Module):
    """One world (with or without the deal), settled for every possible failure time."""

    survival: Survival
    weight: Float[Array, "time"]
    value: Float[Array, "time party"]
    ledger: Float[Array, "time party quarter"]
    external: Float[Array, "time party quarter"]
    transfers: dict[str, Float[Array, "time"]]
    stepped_in: Float[Array, "time"]


def both_survivals(
    inputs: DealInputs, flows: PartnerFlows, book: Book, grid: QuarterGrid
) -> tuple[Survival, Survival]:
    """The start-up's default risk with the deal and, if the talks fail, without it."""
    start_up, setting = inputs.partners.start_up, inputs.survival
    alone = book.plan.net
    deal = alone + flows.start_up + book.cash
    put = put_on_delisting(start_up, grid)
    reach = [effective_access(each) for each in (setting.with_deal, setting.without_deal)]
    if inputs.terms.consent is not None:
        allowed = 1.0 - inputs.terms.consent.raises_refused
        reach[0] = eqx.tree_at(lambda each: each.raises, reach[0], allowed * reach[0].raises)
    access = jax.tree.map(lambda *each: jnp.stack(each), *reach)
    both = jax.vmap(
        lambda drift, due, reach: survive(
            start_up.cash,
            start_up.minimum_cash,
            drift,
            due,
            setting.cash_shock,
            reach,
            grid,
            setting.investor_horizon,
            setting.alive_on,
            covenant=start_up.covenant,
        )
    )(jnp.stack([deal, alone]), jnp.stack([put + book.put, put]), access)
    return jax.tree.map(lambda each: each[0], both), jax.tree.map(lambda each: each[1], both)


def failure_times(exposed: Float[Array, "quarter"]) -> Float[Array, "time"]:
    """Middle of the exposed part of each quarter, and the calendar's length for never."""
    quarters = exposed.shape[0]
    return jnp.append(jnp.arange(1.0, quarters + 1.0) - 0.5 * exposed, float(quarters))


def _settle_world(
    inputs: DealInputs,
    terms: Terms,
    flows: PartnerFlows,
    book: Book,
    survival: Survival,
    grid: QuarterGrid,
) -> _World:
    times = failure_times(fraction_after(inputs.survival.alive_on, grid))
    books = jax.vmap(lambda time: settle_at(terms, flows, inputs.partners, book, time, grid))(times)
    return _World(
        survival=survival,
        weight=jnp.append(survival.default, 1.0 - survival.cumulative[-1]),
        value=books.value,
        ledger=books.ledger,
        external=books.external,
        transfers=books.transfers,
        stepped_in=books.stepped_in,
    )


def _without_program(flows: PartnerFlows) -> PartnerFlows:
    """The same discounting with no shared program."""
    nothing = jax.tree.map(jnp.zeros_like, (flows.incumbent, flows.start_up, flows.incumbent_alone))
    return eqx.tree_at(
        lambda tree: (tree.incumbent, tree.start_up, tree.incumbent_alone), flows, nothing
    )


def _outcome(
    with_deal: _World,
    before_production: Scalar,
    imbalance: Scalar,
    terms: Terms,
    flows: PartnerFlows,
) -> Int[Array, ""]:
    survival = with_deal.survival
    royalty = jnp.zeros(()) if terms.royalty is None else terms.royalty.per_unit
    unbuilt = (royalty > 0.0) & (jnp.sum(flows.program.incumbent_units) < 1.0)
    return (
        flag(before_production > 0.5, 0)
        | flag(imbalance > 0.01, 1)
        | flag(survival.capped, 2)
        | flag(survival.residual > 1e-3, 3)
        | flag(unbuilt, 4)
    )


def value_deal(
    inputs: DealInputs, flows: PartnerFlows, outside: Outside, grid: QuarterGrid
) -> DealValue:
    """Value the term sheet of `inputs` for everyone.

    Args:
        inputs: the deal's table.
        flows: both partners' program cash before transfers, with discount factors.
        outside: both partners' alternatives.
        grid: the calendar.
    """
    terms = inputs.terms
    partners, setting = inputs.partners, inputs.survival
    book = open_book(terms, flows, partners, setting.with_deal, grid)
    living, living_alone = both_survivals(inputs, flows, book, grid)
    book = with_new_money(book, living, partners.start_up, grid)
    deal = _settle_world(inputs, terms, flows, book, living, grid)
    idle = _without_program(flows)
    book_alone = open_book(Terms(), idle, partners, setting.without_deal, grid, book.plan)
    book_alone = with_new_money(book_alone, living_alone, partners.start_up, grid)
    alone = _settle_world(inputs, Terms(), idle, book_alone, living_alone, grid)
    value = deal.weight @ deal.value
    without = alone.weight @ alone.value
    without = without.at[0].add(outside.incumbent).at[1].add(outside.start_up)
    gain = value - without
    until = fraction_before(flows.program.start_of_production, grid)
    before = deal.survival.default @ until
    exposed = fraction_after(setting.alive_on, grid)
    time = default_quarter(deal.survival.cumulative, setting.chance, exposed)
    realized = settle_at(terms, flows, partners, book, time, grid).value
    ledger = jnp.einsum("t,tpq->pq", deal.weight, deal.ledger)
    external = jnp.einsum("t,tpq->pq", deal.weight, deal.external)
    imbalance = jnp.max(jnp.abs(jnp.sum(deal.ledger, axis=1)))
    paid = {key: deal.weight @ deal.transfers[key] for key in sorted(deal.transfers)}
    cheque = sum((paid[key] for key in paid if key.startswith(_CHEQUE)), start=jnp.zeros(()))
    return DealValue(
        value=value,
        value_without=without,
        gain=gain,
        joint_gain=gain[0] + gain[1],
        third_party_gain=jnp.sum(gain[2:]),
        survival=deal.survival,
        survival_without=alone.survival,
        default_before_production=before,
        default_before_production_without=alone.survival.default @ until,
        transfers=paid,
        ledger=ledger,
        external=external,
        value_if_default=deal.value.T,
        incumbent_loss_if_default=deal.value[-1, 0] - deal.value[:-1, 0],
        steps_in=deal.weight @ deal.stepped_in,
        default_time=time,
        realized=realized,
        realized_gain=realized - without,
        headroom=headroom(partners.incumbent, cheque),
        sum_residual=imbalance,
        outcome=_outcome(deal, before, imbalance, terms, flows),
    )
