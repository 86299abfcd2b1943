"""The regimes of policy: what each one pays or takes, from when to when."""

from typing import Annotated

import equinox as eqx

from framerail.program.political_event import Imposition, Repeal
from framerail.quantities import (
    Declared,
    DollarPerKilowattHour,
    Fraction,
    PositiveDollar,
    Quantity,
    Scalar,
    Year,
)

DollarPerMegagram = Annotated[Scalar, Quantity("dollar/Mg", 0.0, 1_000.0)]
GramPerMile = Annotated[Scalar, Quantity("g/mile", 0.0, 2_000.0)]
LifetimeMile = Annotated[Scalar, Quantity("mile", 0.0, 1e6)]
MilePerGallon = Annotated[Scalar, Quantity("mile/gallon", 1.0, 1_000.0)]
Penalty = Annotated[Scalar, Quantity("dollar", 0.0, 200.0)]


class ConsumerCredit(Declared):
    """Section 30D: the buyer's credit, bounded by price, income, content and foreign entities.

    Final assembly in North America is the plant's matter: the engine gives no credit without it.
    """

    amount: PositiveDollar
    """Credit for a truck that meets every sourcing rule: half for minerals, half for components."""
    price_cap: PositiveDollar
    """Suggested retail price above which nothing is paid (pickups)."""
    starts: Year
    """First date of the regime."""
    ends: Year
    """Statutory last date."""
    mineral_rule: dict[str, Fraction]
    """Least share of the minerals' value from allowed sources, by the year from which it holds."""
    component_rule: dict[str, Fraction]
    """Least share of the components' value made in North America, by the year from which."""
    mineral_content: Fraction
    """The truck's share of minerals from allowed sources."""
    component_content: Fraction
    """The truck's share of battery components made in North America."""
    content_spread: Fraction
    """Standard deviation of both shares over suppliers' lots and the rules' reading."""
    foreign_entity: Fraction
    """Share of trucks whose pack holds something from a foreign entity of concern."""
    foreign_entity_rule: Year
    """Date from which such a truck earns nothing."""
    buyer_share: Fraction
    """Share of purchasers under the income limits."""
    repeal: Repeal
    """Its repeal."""

    def faults(self) -> tuple[str, ...]:
        """Dates in the wrong order, and content rules that are not by year."""
        return (
            *_dates(self.starts, self.ends),
            *_years("mineral_rule", self.mineral_rule),
            *_years("component_rule", self.component_rule),
        )


class LeaseCredit(Declared):
    """Section 45W: the lessor's credit, free of price and sourcing rules."""

    amount: PositiveDollar
    """Credit per leased truck under 14,000 lb."""
    starts: Year
    """First date of the regime."""
    ends: Year
    """Statutory last date."""
    lease_share: Fraction
    """Share of trucks that go out through a lease."""
    pass_through: Fraction
    """Share of the credit that reaches the customer."""
    repeal: Repeal
    """Its repeal."""

    def faults(self) -> tuple[str, ...]:
        """Dates in the wrong order."""
        return _dates(self.starts, self.ends)


class ProductionCredit(Declared):
    """Section 45X: the maker's credit per kilowatt-hour of cells and modules."""

    cells: DollarPerKilowattHour
    """Credit for cells made in the United States."""
    modules: DollarPerKilowattHour
    """Credit for modules made in the United States."""
    starts: Year
    """First date of the regime."""
    steps_down: Year
    """First 1 January on which the credit is reduced."""
    step: Fraction
    """Reduction each year from then on, as a share of the full credit."""
    cell_share: Fraction
    """Share of the cell credit that reaches the truck maker (the cell maker owns it)."""
    module_share: Fraction
    """Share of the module credit that reaches the truck maker."""
    repeal: Repeal
    """Its repeal."""

    def faults(self) -> tuple[str, ...]:
        """Dates in the wrong order."""
        if self.steps_down > self.starts:
            return ()
        return ("steps_down: the credit is reduced before it starts; choose a date after starts",)


class EmissionCredit(Declared):
    """Greenhouse-gas credits of the light-truck fleet: earned per electric truck, sold or saved."""

    price: DollarPerMegagram
    """Value of a credit."""
    target: GramPerMile
    """Fleet target that an electric truck undercuts to zero."""
    lifetime: LifetimeMile
    """Statutory lifetime miles of a light truck."""
    repeal: Repeal
    """End of the market."""


class FuelEconomyCredit(Declared):
    """Fuel-economy (CAFE) credits: what an electric truck saves its fleet in civil penalties."""

    penalty: Penalty
    """Penalty per truck of the fleet for each tenth of a mile per gallon below the target."""
    target: MilePerGallon
    """Fleet target for light trucks."""
    equivalent: MilePerGallon
    """The truck's petroleum-equivalent fuel economy as the rules count it."""
    additional: Fraction
    """Part of the penalty saved that greenhouse-gas credits do not already pay for."""
    repeal: Repeal
    """End of the penalty."""


class StateCredit(Declared):
    """A state's rebate or tax credit for buyers and lessees, as the nation's buyers meet it."""

    instrument: str = eqx.field(static=True)
    """The law: two regimes of one instrument may not be in force at once."""
    amount: PositiveDollar
    """Credit per truck."""
    buyer_share: Fraction
    """Share of the nation's buyers who get it."""
    starts: Year
    """First date of the regime."""
    ends: Year
    """Statutory last date."""
    repeal: Repeal
    """Its repeal."""

    def faults(self) -> tuple[str, ...]:
        """Dates in the wrong order."""
        return _dates(self.starts, self.ends)


class PartsDuty(Declared):
    """A duty on imported parts that may be imposed, such as one under section 232."""

    instrument: str = eqx.field(static=True)
    """The law: two regimes of one instrument may not be in force at once."""
    rate: Fraction
    """Ad valorem rate."""
    imported_share: Fraction
    """Share of the truck's purchased parts that would pay it."""
    starts: Year
    """First date on which it may be in force."""
    ends: Year
    """Last date."""
    imposition: Imposition
    """How it may come."""

    def faults(self) -> tuple[str, ...]:
        """Dates in the wrong order."""
        return _dates(self.starts, self.ends)


class ImportDuty(Declared):
    """Duty on light trucks built outside the United States (the 1963 proclamation)."""

    rate: Fraction
    """Ad valorem rate; avoided by building in the United States."""


def _dates(starts: Scalar, ends: Scalar) -> tuple[str, ...]:
    if ends > starts:
        return ()
    return ("ends: the regime ends before it starts; choose a date after starts",)


def _years(name: str, rule: dict[str, Scalar]) -> tuple[str, ...]:
    if rule and all(key.isdigit() and len(key) == 4 for key in rule):
        return ()
    return (f"{name}: expected shares by calendar year, such as 2027 = '80 %'",)


def overlaps(regimes: dict[str, tuple[str, Scalar, Scalar]]) -> tuple[str, ...]:
    """Faults of regimes of one instrument that are in force at once.

    Args:
        regimes: instrument, first and last date of each regime, by its place in the file.
    """
    found: list[str] = []
    ordered = sorted(regimes, key=lambda name: (float(regimes[name][1]), name))
    for place, first in enumerate(ordered):
        instrument, _, ends = regimes[first]
        for second in ordered[place + 1 :]:
            other, starts, _ = regimes[second]
            if other == instrument and starts < ends:
                found.append(
                    f"{first} and {second}: '{instrument}' is in force twice from "
                    f"{float(starts):.2f}; end the first no later than the second starts"
                )
    return tuple(found)
