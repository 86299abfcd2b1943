"""The term sheet and its instruments: pure functions from the program's state to dated transfers.

Every instrument is one clause (a `Declared` table of the file) and one function that returns what
the incumbent pays the start-up by quarter while both perform. A term sheet holds the clauses that
it has and leaves out the others. What happens when the start-up fails is `settlement`'s.
"""

import dataclasses
from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.clauses.conditions import (
    DEADLINE_WIDTH,
    ChangeOfControl,
    Condition,
    Consent,
    Refusal,
    ShareCapital,
    Termination,
    condition_faults,
    fulfilled,
    not_refused,
)
from framerail.deal.clauses.insolvency import AssetPurchase, LienRelease, ranking_faults
from framerail.deal.clauses.loans import Commitment, SecuredBridge, VentureLoan, loan_faults
from framerail.deal.clauses.shares import (
    ConvertibleNote,
    InKindEquity,
    PremiumShares,
    Warrants,
    share_faults,
)
from framerail.deal.clauses.transfer import SharedProgram, TrucksPerYear
from framerail.deal.clauses.volume import (
    CapacityReservation,
    CreditSharing,
    DevelopmentFee,
    PlantVenture,
    ReciprocalSupply,
    TakeOrPay,
    VolumeRebate,
    volume_faults,
)
from framerail.numerics.calendar import QuarterGrid, at_once, fraction_after, growth_index
from framerail.numerics.smoothing import smooth_step
from framerail.quantities import (
    Declared,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Rate,
    Scalar,
    Year,
)

RoyaltyPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 50_000.0)]

Test = Literal[
    "calendar",
    "start of production",
    "prototype",
    "winter testing",
    "gross profit",
    "specification",
    "clearance",
]
"""What a tranche is paid for. Start of production comes from the program; the date and the
probability of every other test are the clause's own."""


class Escrow(Declared):
    """Part of a payment that lies in escrow."""

    share: Fraction
    """Share of the payment held back."""
    release: Year
    """Date on which it is released to the start-up, if it then performs."""


class Upfront(Declared):
    """Upfront payment for a license of the platform."""

    amount: PositiveDollar
    """Paid at closing."""
    date: Year
    """Date of payment."""
    escrow: Escrow | None = None
    """What of it is held back."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent."""


class Milestone(Declared):
    """A tranche paid when a test is passed."""

    amount: PositiveDollar
    """Paid when the test is passed."""
    test: Test = eqx.field(static=True)
    """What has to happen: the date comes, or production of the shared platform starts."""
    date: Year
    """Earliest date of payment."""
    deadline: Year
    """Last date on which the test may be passed."""
    probability: Fraction
    """Probability that the test is passed, given that it is reached in time and in business."""
    shares: PremiumShares | None = None
    """Shares issued against it."""
    refusal: Refusal | None = None
    """When the payer may refuse it."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent; a tranche without any stands alone."""


class Royalty(Declared):
    """License or platform fee per truck that the incumbent sells."""

    per_unit: RoyaltyPerTruck
    """Fee per truck at the start of production."""
    indexation: Rate
    """Growth of the fee per year."""
    minimum: TrucksPerYear
    """Trucks per year that are paid for even if fewer are sold, once production has started."""
    rebate: VolumeRebate | None = None
    """A lower fee on high volume."""


class BuildFee(Declared):
    """Contract assembly of the start-up's trucks by the incumbent, at cost plus."""

    markup: Fraction
    """Margin on the incumbent's cost."""
    payment_terms: Duration
    """Credit that the builder gives; what is owed when the start-up fails is an unsecured claim."""
    capacity: CapacityReservation | None = None
    """Capacity kept for the start-up."""


class EquityStake(Declared):
    """Shares of the start-up bought at signing."""

    amount: PositiveDollar
    """Price paid to the company."""
    date: Year
    """Date of payment."""
    share: Fraction
    """Share of the company's equity received."""
    exit_date: Year
    """Date on which the shares are sold or valued."""
    requires: tuple[str, ...] = eqx.field(static=True, default=())
    """Conditions precedent."""
    anti_dilution: Fraction | None = None
    """Share of the dilution by later investors from which the stake is protected: none of it 0,
    full ratchet 1; left out, the stake is not diluted."""


class CostSharing(Declared):
    """Who bears what the other side spends before production."""

    engineering_by_incumbent: Fraction
    """Share of the start-up's spending on the shared platform that the incumbent reimburses."""
    investment_by_start_up: Fraction
    """Share of the incumbent's plant and tooling spending that the start-up reimburses."""


class StepIn(Declared):
    """What the incumbent may do if the start-up fails."""

    license_survival: Fraction
    """Probability that license and designs survive the insolvency in usable form."""
    fee: PositiveDollar
    """Paid to the estate on stepping in."""
    cost: PositiveDollar
    """The incumbent's own cost of taking the work over."""
    delay: Duration
    """Time that the program stands still."""
    royalty_due: Fraction
    """Share of the royalty that is then owed to the estate."""


class Terms(Declared):
    """A term sheet: the clauses that it has."""

    upfront: Upfront | None = None
    """Upfront license payment."""
    milestones: dict[str, Milestone] | None = None
    """Tranches against tests, by name."""
    royalty: Royalty | None = None
    """Fee per truck of the incumbent."""
    build_fee: BuildFee | None = None
    """Contract assembly of the start-up's trucks."""
    equity: EquityStake | None = None
    """Shares bought at signing."""
    cost_sharing: CostSharing | None = None
    """Reimbursement of spending before production."""
    step_in: StepIn | None = None
    """Rights of the incumbent in the start-up's failure."""
    capital: ShareCapital | None = None
    """The start-up's share capital: the base of clauses in shares."""
    conditions: dict[str, Condition] | None = None
    """Conditions precedent, by name."""
    long_stop: Year | None = None
    """Date after which a condition can no longer be met."""
    convertible_notes: dict[str, ConvertibleNote] | None = None
    """Convertible notes bought by the incumbent, by name."""
    development_fee: DevelopmentFee | None = None
    """Development paid by gate."""
    take_or_pay: TakeOrPay | None = None
    """A volume promised."""
    warrants: Warrants | None = None
    """Warrants of the builder."""
    in_kind: InKindEquity | None = None
    """Shares paid for in kind."""
    credit_sharing: CreditSharing | None = None
    """Who keeps regulatory credits."""
    plant_venture: PlantVenture | None = None
    """A plant owned together."""
    reciprocal_supply: ReciprocalSupply | None = None
    """Vehicles made for each other."""
    bridge: SecuredBridge | None = None
    """Secured bridge loan."""
    venture_loan: VentureLoan | None = None
    """Loan with recourse to a venture only."""
    commitment: Commitment | None = None
    """Money promised under conditions."""
    asset_purchase: AssetPurchase | None = None
    """Buying the designs out of the estate."""
    lien_release: LienRelease | None = None
    """Liens released on signing."""
    change_of_control: ChangeOfControl | None = None
    """What is due when somebody buys the start-up."""
    termination: Termination | None = None
    """The incumbent's right to end the agreement."""
    consent: Consent | None = None
    """The incumbent's say in the start-up's new money."""

    def faults(self) -> tuple[str, ...]:
        """Dates that cannot be met, names that nothing bears, circles."""
        found = []
        for key, tranche in (self.milestones or {}).items():
            if float(tranche.deadline) < float(tranche.date):
                found.append(f"milestones.{key}: the deadline lies before the date; swap them")
        if self.equity is not None and float(self.equity.exit_date) <= float(self.equity.date):
            found.append(
                "equity: the shares are sold before they are bought; set a later exit_date"
            )
        found += share_faults(self.convertible_notes or {}, self.warrants, self.in_kind)
        found += loan_faults(self.bridge, self.venture_loan, self.commitment)
        found += volume_faults(self.take_or_pay, self.plant_venture, self.reciprocal_supply)
        found += condition_faults(self.conditions or {})
        found += ranking_faults(self.securities())
        return tuple(found + self._unbased() + self._unconditioned())

    def securities(self) -> dict[str, tuple[str, ...]]:
        """Names of the debts under this term sheet, and what each is senior to."""
        notes = self.convertible_notes or {}
        found = {key: notes[key].senior_to for key in sorted(notes)}
        return found | ({"bridge": self.bridge.senior_to} if self.bridge else {})

    def _unbased(self) -> list[str]:
        """Clauses in shares need a price and a number of shares."""
        if self.capital is not None:
            return []
        tranches = self.milestones or {}
        using = {
            "convertible_notes": self.convertible_notes,
            "warrants": self.warrants,
            "in_kind": self.in_kind,
            **{f"milestones.{k}.shares": tranches[k].shares for k in sorted(tranches)},
            **{f"milestones.{k}.refusal": tranches[k].refusal for k in sorted(tranches)},
        }
        return [
            f"{name}: in shares, but the term sheet has no share capital; add terms.capital"
            for name, clause in using.items()
            if clause
        ]

    def _unconditioned(self) -> list[str]:
        """Every condition that a clause requires is one of the term sheet's."""
        gates = self.development_fee.gates if self.development_fee else {}
        draws = self.bridge.draws if self.bridge else {}
        clauses = {
            "upfront": self.upfront,
            "equity": self.equity,
            "venture_loan": self.venture_loan,
            "in_kind": self.in_kind,
            "commitment": self.commitment,
            **{f"milestones.{k}": v for k, v in (self.milestones or {}).items()},
            **{f"convertible_notes.{k}": v for k, v in (self.convertible_notes or {}).items()},
            **{f"development_fee.gates.{k}": v for k, v in gates.items()},
            **{f"bridge.draws.{k}": v for k, v in draws.items()},
        }
        return [
            f"{name}: requires '{other}', which is no condition of this term sheet; "
            f"define conditions.{other} or take it out"
            for name, clause in clauses.items()
            for other in (clause.requires if clause is not None else ())
            if other not in (self.conditions or {})
        ]


def upfront_payment(clause: Upfront, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """The amount on its date, less what lies in escrow until its release."""
    if clause.escrow is None:
        return at_once(clause.amount, clause.date, grid)
    held = clause.amount * clause.escrow.share
    now = at_once(clause.amount - held, clause.date, grid)
    return now + at_once(held, jnp.maximum(clause.escrow.release, clause.date), grid)


def equity_purchase(clause: EquityStake, terms: Terms, grid: QuarterGrid) -> tuple[Array, Array]:
    """Price of the stake by quarter, and the probability that it is bought."""
    chance, due = fulfilled(clause.requires, terms.conditions, terms.long_stop)
    return at_once(clause.amount * chance, jnp.maximum(clause.date, due), grid), chance


def milestone_payment(
    clause: Milestone, program: SharedProgram, terms: Terms, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Expected payment of a tranche: zero when production starts after the deadline."""
    if clause.test == "start of production":
        date = jnp.maximum(clause.date, program.start_of_production)
        passed = smooth_step(clause.deadline - program.start_of_production, DEADLINE_WIDTH)
    else:
        date, passed = clause.date, jnp.ones(())
    if clause.requires:
        chance, due = fulfilled(clause.requires, terms.conditions, terms.long_stop)
        in_time = smooth_step(clause.deadline - due, DEADLINE_WIDTH)
        date, passed = jnp.maximum(date, due), passed * chance * in_time
    passed = passed * not_refused(clause.refusal, terms.capital, date)
    return at_once(clause.amount * clause.probability * passed, date, grid)


def royalty_per_quarter(
    clause: Royalty,
    units: Float[Array, "quarter"],
    start_of_production: Scalar,
    grid: QuarterGrid,
) -> Float[Array, "quarter"]:
    """Fee on the trucks sold, or on the minimum where fewer are sold."""
    fee = clause.per_unit * growth_index(clause.indexation, start_of_production, grid)
    floor = 0.25 * clause.minimum * fraction_after(start_of_production, grid)
    paid = jnp.maximum(units, floor)
    if clause.rebate is not None:
        above = jnp.maximum(units - 0.25 * clause.rebate.above, 0.0)
        paid = paid - clause.rebate.discount * above
    return fee * paid


def build_payment(clause: BuildFee, program: SharedProgram) -> Float[Array, "quarter"]:
    """Cost plus markup, from the start-up to the builder (positive)."""
    return program.build_cost * (1.0 + clause.markup)


def cost_reimbursement(clause: CostSharing, program: SharedProgram) -> Float[Array, "quarter"]:
    """Net reimbursement from the incumbent to the start-up."""
    engineering = clause.engineering_by_incumbent * program.start_up_engineering
    return engineering - clause.investment_by_start_up * program.incumbent_investment


def with_upfront_and_royalty(terms: Terms, amount: Scalar, per_unit: Scalar) -> Terms:
    """The same term sheet with another upfront payment and royalty.

    Raises:
        ValueError: when the term sheet has no such clause to vary.
    """
    if terms.upfront is None or terms.royalty is None:
        raise ValueError("the term sheet needs an upfront and a royalty clause; zeros will do")
    upfront = dataclasses.replace(terms.upfront, amount=amount)
    royalty = dataclasses.replace(terms.royalty, per_unit=per_unit)
    return dataclasses.replace(terms, upfront=upfront, royalty=royalty)
