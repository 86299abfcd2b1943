"""Inputs of the program stage."""

from typing import Annotated

import equinox as eqx

from framerail.program.policy import PolicyInputs
from framerail.program.timeline import Timeline
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

DollarPerYear = Annotated[Scalar, Quantity("dollar/year", 0.0, 1e12)]
PerDollar = Annotated[Scalar, Quantity("dimensionless", 1e-4, 1e6)]
PerRootYear = Annotated[Scalar, Quantity("dimensionless", 0.0, 2.0)]
StandardNormal = Annotated[Scalar, Quantity("dimensionless", -8.0, 8.0)]
Days = Annotated[Scalar, Quantity("day", 0.0, 1_000.0)]
DollarPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 1e6)]


class Finance(Declared):
    """How one partner finances, taxes and discounts its share of the program."""

    discount_rate: Rate
    """Required nominal return after tax, per year, in dollars."""
    tax_rate: Fraction
    """Federal income-tax rate."""
    state_tax_rate: Fraction
    """State income-tax rate on the same base, deductible from federal income."""
    loss_relief: Fraction
    """Share of a loss that the partner's other income absorbs at once."""
    loss_limit: Fraction
    """Share of a year's income that losses carried forward may offset."""
    opening_loss: PositiveDollar
    """Losses carried forward that the partner may use against the program's income."""
    ownership_change: Year
    """Date from which section 382 limits the use of older losses; 2100 means no change."""
    ownership_limit: DollarPerYear
    """Older losses usable per year then: the company's value times the tax-exempt rate."""
    bonus_depreciation: Fraction
    """Share of tooling and equipment deducted when placed in service."""
    engineering_capitalized: Fraction
    """Share of engineering that tax law spreads over five years instead of deducting it."""
    receivable_days: Days
    """Days from sale to cash."""
    payable_days: Days
    """Days from purchase of materials and freight to payment."""
    inventory_days: Days
    """Days of materials held as parts and work in process."""
    warranty_lag: Duration
    """Mean time from sale to the warranty claim's payment."""
    reports_in: str = eqx.field(static=True)
    """Currency of the partner's accounts: "dollar" or a key of `program.currencies`."""


class Commercial(Declared):
    """What selling a truck costs one partner."""

    dealer_margin: Fraction
    """Dealer's share of the suggested retail price."""
    selling_fraction: Fraction
    """Selling, general and administrative expense as a share of revenue."""
    selling_per_truck: DollarPerTruck
    """The same per truck sold: customer care, homologation, marketing."""


class Currency(Declared):
    """A partner's home currency against the dollar: spot rate, forward curve and departure."""

    rate: PerDollar
    """Units of the currency per dollar at the base date."""
    base: Year
    """Date of the spot rate."""
    interest: Rate
    """Risk-free interest in the currency, per year, over the program's life."""
    dollar_interest: Rate
    """Risk-free interest in dollars, per year, over the same time."""
    premium: Rate
    """Expected drift of the rate per year beyond the forward curve."""
    volatility: PerRootYear
    """Standard deviation of the rate's logarithm after one year."""
    shock: StandardNormal
    """The draw of the rate's path: standard deviations from its median."""


class ProgramInputs(Declared):
    """Inputs of the program stage."""

    valuation_date: Year
    """Date to which everything is discounted: the decision."""
    inflation: Rate
    """General inflation per year."""
    timeline: Timeline
    """The calendar and its spending."""
    policy: PolicyInputs
    """Federal policy as believed."""
    finance: dict[str, Finance]
    """Finance of each partner."""
    commercial: dict[str, Commercial]
    """Selling costs of each partner."""
    currencies: dict[str, Currency]
    """Exchange rates by name of the currency ("yen"), for partners that report in it."""

    def faults(self) -> tuple[str, ...]:
        """Partners or currencies that are named in one table and missing in another."""
        partners = sorted(self.finance)
        known = ", ".join(["shared", *partners])
        found = [
            f"timeline.{table}.{name}.serves: there is no partner '{item.serves}'; expected one "
            f"of: {known}"
            for table, items in (("spend", self.timeline.spend), ("builds", self.timeline.builds))
            for name, item in sorted(items.items())
            if item.serves not in ("shared", *partners)
        ]
        rates = ["dollar", *sorted(self.currencies)]
        found.extend(
            f"finance.{name}.reports_in: '{one.reports_in}' has no exchange rate; add a table "
            f"currencies.{one.reports_in}, or choose one of: {', '.join(rates)}"
            for name, one in sorted(self.finance.items())
            if one.reports_in not in rates
        )
        if "dollar" in self.currencies:
            found.append(
                "currencies.dollar: flows are in dollars already; remove this table, or name the "
                "currency that it prices"
            )
        missing = sorted(set(self.finance) ^ set(self.commercial))
        found.extend(
            f"finance and commercial: '{name}' is in one table only; add it to the other"
            for name in missing
        )
        return tuple(found)
