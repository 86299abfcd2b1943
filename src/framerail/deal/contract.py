"""A term sheet as a contract: what every clause moves while both sides perform, what is owed.

A term sheet holds the clauses that it has: a clause left out adds no array and no operation.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.clauses.conditions import ShareCapital, at_a_rate, fulfilled
from framerail.deal.clauses.loans import SecuredBridge, VentureLoan, lent
from framerail.deal.clauses.shares import (
    in_kind_holding,
    in_kind_services,
    note_terms,
    premium_holding,
    warrant_holding,
)
from framerail.deal.clauses.transfer import Claim, Holding, SharedProgram, Transfer
from framerail.deal.clauses.volume import (
    DevelopmentFee,
    credit_payment,
    gate_payment,
    reservation_payment,
    supply_payment,
    take_or_pay,
    venture_payment,
)
from framerail.deal.instruments import (
    Terms,
    build_payment,
    cost_reimbursement,
    equity_purchase,
    milestone_payment,
    royalty_per_quarter,
    upfront_payment,
)
from framerail.numerics.calendar import QUARTER, QuarterGrid, at_once, fraction_before


class Contract(eqx.Module):
    """Everything that a term sheet turns into.

    Attributes:
        transfers: payments under each clause while both perform.
        claims: what the start-up owes under each clause.
        holdings: shares and rights to shares of the incumbent.
        outside: cash from and to third parties that clauses cause, of incumbent and start-up.
        outstanding: shares of the start-up before the deal; None without clauses in shares.
    """

    transfers: dict[str, Transfer]
    claims: dict[str, Claim]
    holdings: dict[str, Holding]
    outside: list[Float[Array, "two quarter"]]
    outstanding: Float[Array, ""] | None


def contract(terms: Terms, program: SharedProgram, grid: QuarterGrid) -> Contract:
    """Write out a term sheet.

    The sale of an equity stake is not among the transfers: its value depends on what the company
    is worth then (see `settlement`).
    """
    made = Contract({}, {}, {}, [], terms.capital.outstanding if terms.capital else None)
    _license(made, terms, program, grid)
    _building(made, terms, program, grid)
    _development(made, terms, program, grid)
    if terms.capital is not None:
        _shares(made, terms, terms.capital, grid)
    _loans(made, terms, grid)
    _events(made, terms, grid)
    return made


def deal_transfers(terms: Terms, program: SharedProgram, grid: QuarterGrid) -> dict[str, Transfer]:
    """Payments under every clause of the term sheet, by name, both partners performing."""
    return contract(terms, program, grid).transfers


def _license(made: Contract, terms: Terms, program: SharedProgram, grid: QuarterGrid) -> None:
    """Upfront license, tranches, royalty, equity at signing."""
    if terms.upfront is not None:
        paid = upfront_payment(terms.upfront, grid)
        if terms.upfront.requires:
            chance, due = fulfilled(terms.upfront.requires, terms.conditions, terms.long_stop)
            late = eqx.tree_at(
                lambda clause: clause.date, terms.upfront, jnp.maximum(terms.upfront.date, due)
            )
            paid = chance * upfront_payment(late, grid)
        made.transfers["upfront license"] = Transfer(paid, True)
    for key in sorted(terms.milestones or {}):
        clause = (terms.milestones or {})[key]
        paid = milestone_payment(clause, program, terms, grid)
        made.transfers[f"milestone: {key}"] = Transfer(paid, clause.shares is None)
        if clause.shares is not None and terms.capital is not None:
            holding = premium_holding(clause.shares, jnp.sum(paid), terms.capital)
            made.holdings[f"milestone shares: {key}"] = holding
    if terms.royalty is not None:
        fees = royalty_per_quarter(
            terms.royalty, program.incumbent_units, program.start_of_production, grid
        )
        made.transfers["royalty"] = Transfer(fees, True)
    if terms.equity is not None:
        bought, _ = equity_purchase(terms.equity, terms, grid)
        made.transfers["equity purchase"] = Transfer(bought, False)


def _building(made: Contract, terms: Terms, program: SharedProgram, grid: QuarterGrid) -> None:
    """Contract build, capacity, take-or-pay, credits, the joint plant, swaps of vehicles."""
    if terms.build_fee is not None:
        made.transfers["build fee"] = Transfer(-build_payment(terms.build_fee, program), True)
        if terms.build_fee.capacity is not None:
            reserved = reservation_payment(terms.build_fee.capacity, program, grid)
            made.transfers["capacity reserved"] = Transfer(-reserved, True)
    if terms.take_or_pay is not None:
        short = take_or_pay(terms.take_or_pay, program, grid)
        sign = -1.0 if terms.take_or_pay.buyer == "start-up" else 1.0
        made.transfers["take or pay"] = Transfer(sign * short, True)
    if terms.credit_sharing is not None:
        credit = credit_payment(terms.credit_sharing, program, grid)
        made.transfers["credits"] = Transfer(-credit, True)
    if terms.plant_venture is not None:
        capital, idle = venture_payment(terms.plant_venture, program, grid)
        made.transfers["plant venture: capital"] = Transfer(capital, False)
        made.transfers["plant venture: idle capacity"] = Transfer(-idle, True)
    if terms.reciprocal_supply is not None:
        clause = terms.reciprocal_supply
        net, outside, bought = supply_payment(clause, grid)
        made.transfers["reciprocal supply"] = Transfer(net, True)
        made.outside.append(outside)
        open_bills = bought * clause.payment_terms / QUARTER
        made.claims["reciprocal supply"] = Claim(
            open_bills, jnp.zeros_like(open_bills), "unsecured"
        )


def _development(made: Contract, terms: Terms, program: SharedProgram, grid: QuarterGrid) -> None:
    """Reimbursements and development by gate, with its clawback."""
    if terms.cost_sharing is not None:
        made.transfers["cost sharing"] = Transfer(
            cost_reimbursement(terms.cost_sharing, program), True
        )
    if terms.development_fee is None:
        return
    clause: DevelopmentFee = terms.development_fee
    paid = jnp.zeros(grid.quarters)
    for key in sorted(clause.gates):
        chance, due = fulfilled(clause.gates[key].requires, terms.conditions, terms.long_stop)
        fee = gate_payment(clause, clause.gates[key], chance, due, grid)
        made.transfers[f"development: {key}"] = Transfer(fee, True)
        paid = paid + fee
    before = fraction_before(program.start_of_production, grid)
    owed = clause.clawback * jnp.cumsum(paid) * before
    made.claims["development clawback"] = Claim(owed, jnp.zeros_like(owed), "unsecured")


def _shares(made: Contract, terms: Terms, capital: ShareCapital, grid: QuarterGrid) -> None:
    """Convertible notes, warrants, equity in kind."""
    for key in sorted(terms.convertible_notes or {}):
        note = (terms.convertible_notes or {})[key]
        chance, due = fulfilled(note.requires, terms.conditions, terms.long_stop)
        moved, claim, holding = note_terms(note, capital, chance, due, grid)
        for part, transfer in moved.items():
            made.transfers[f"note {part}: {key}"] = transfer
        made.claims[key], made.holdings[f"note: {key}"] = claim, holding
    if terms.warrants is not None:
        made.holdings["warrants"] = warrant_holding(terms.warrants)
    if terms.in_kind is not None:
        chance, due = fulfilled(terms.in_kind.requires, terms.conditions, terms.long_stop)
        made.holdings["shares in kind"] = in_kind_holding(terms.in_kind, chance)
        made.outside.append(in_kind_services(terms.in_kind, chance, due, grid))


def _loans(made: Contract, terms: Terms, grid: QuarterGrid) -> None:
    """Bridge, limited-recourse loan, commitment."""
    if terms.bridge is not None:
        _bridge(made, terms.bridge, terms, grid)
    if terms.venture_loan is not None:
        _venture_loan(made, terms.venture_loan, terms, grid)
    if terms.commitment is not None:
        clause = terms.commitment
        chance, due = fulfilled(clause.requires, terms.conditions, terms.long_stop)
        funded = clause.probability * chance
        paid = at_once(funded * clause.amount, jnp.maximum(clause.date, due), grid)
        broken = at_once((1.0 - funded) * clause.break_fee, clause.exclusivity_end, grid)
        made.transfers["commitment"] = Transfer(paid, False)
        made.transfers["break fee"] = Transfer(broken, True)


def _bridge(made: Contract, bridge: SecuredBridge, terms: Terms, grid: QuarterGrid) -> None:
    owed = jnp.zeros(grid.quarters)
    for key in sorted(bridge.draws):
        draw = bridge.draws[key]
        chance, due = fulfilled(draw.requires, terms.conditions, terms.long_stop)
        face = chance * draw.face
        moved, claim = lent(
            face,
            face * (1.0 - bridge.issue_discount),
            bridge.base_rate + bridge.spread,
            jnp.maximum(draw.date, due),
            bridge.maturity,
            bridge.lender,
            grid,
        )
        for part, transfer in moved.items():
            made.transfers[f"bridge {part}: {key}"] = transfer
        owed = owed + claim.owed
    put = owed if bridge.cross_default else jnp.zeros_like(owed)
    made.claims["bridge"] = Claim(owed, put, bridge.rank, bridge.senior_to, bridge.lender)


def _venture_loan(made: Contract, loan: VentureLoan, terms: Terms, grid: QuarterGrid) -> None:
    chance, due = fulfilled(loan.requires, terms.conditions, terms.long_stop)
    face = chance * loan.amount
    drawn = jnp.maximum(loan.date, due)
    moved, claim = lent(face, face, loan.interest, drawn, loan.maturity, "incumbent", grid)
    for part, transfer in moved.items():
        made.transfers[f"venture loan {part}"] = transfer
    made.claims["venture loan"] = eqx.tree_at(
        lambda c: c.collateral, claim, loan.collateral, is_leaf=lambda x: x is None
    )


def _events(made: Contract, terms: Terms, grid: QuarterGrid) -> None:
    """Change of control and termination, in expectation."""
    if terms.change_of_control is not None:
        c = terms.change_of_control
        due = at_a_rate(c.payment, c.rate, c.start, c.end, grid)
        made.transfers["change of control"] = Transfer(-due, True)
    if terms.termination is not None:
        t = terms.termination
        fee = at_a_rate(t.fee, t.rate, t.start, t.end, grid)
        made.transfers["termination fee"] = Transfer(fee, True)
