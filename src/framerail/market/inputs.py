"""What a scenario says about the market: products, tastes, energy prices and trends."""

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from framerail.market.buyers import Preferences
from framerail.market.nests import Nest, nest_faults
from framerail.market.products import Product
from framerail.quantities import (
    Declared,
    Dollar,
    DollarPerKilowattHour,
    Duration,
    Fraction,
    Quantity,
    Rate,
    Scalar,
    SignedFraction,
    Units,
    Year,
)

DollarPerGallon = Annotated[Scalar, Quantity("dollar/gallon", 0.0, 50.0)]


class EnergyPrices(Declared):
    """What buyers expect to pay, in dollars of the calibration year, and its real growth."""

    gasoline: DollarPerGallon
    """Price of gasoline at the pump."""
    electricity: DollarPerKilowattHour
    """Price of charging, mostly at home."""
    gasoline_growth: Rate
    """Real growth of the gasoline price per year."""
    electricity_growth: Rate
    """Real growth of the electricity price per year."""


class Trends(Declared):
    """How the market moves from the calibration year on."""

    market_growth: Rate
    """Growth of the number of new light-vehicle buyers per year."""
    acceptance_growth: SignedFraction
    """Utility that electric vehicles gain per year beyond their attributes (familiarity,
    charging stations), utils per year."""
    rival_range_growth: Rate
    """Growth per year of the range of rivals' electric vehicles."""
    rival_cost_decline: Rate
    """Real decline per year of the marginal cost of rivals' electric vehicles."""


class Rival(Declared):
    """Chance that an announced product comes at all."""

    probability: Fraction
    """Probability that it is launched."""
    luck: Fraction
    """A uniform number: the rival comes where luck is below the probability."""
    delay: Duration
    """Years by which its launch slips."""


class Brand(Declared):
    """What is not known of a brand's standing among electric pickups."""

    adjustment: Dollar
    """Willingness to pay for this brand's electric pickups against the segment's mean."""


class MarketInputs(Declared):
    """Root of the `[market]` part of a scenario."""

    calibration_year: Year
    """Calendar year of prices and sales, as its first day: 2023.0."""
    market_size: Units
    """Buyers of new light vehicles in the calibration year."""
    credit_take_up: Fraction
    """Part of the purchase credit that counts in the buyers' eyes (eligibility, tax, leases)."""
    products: dict[str, Product]
    """Every product that is, or may come to be, on the market."""
    preferences: Preferences
    """Tastes of buyers."""
    energy: EnergyPrices
    """Energy prices."""
    trends: Trends
    """Movement over the years."""
    segment_adjustment: Dollar
    """Willingness to pay for all electric pickups not yet observed, against the mean residual of
    the observed ones."""
    brands: dict[str, Brand]
    """Standing of the brands that offer products without observed sales."""
    rivals: dict[str, Rival]
    """Announced products, by product name."""
    nests: dict[str, Nest] | None = None
    """Products alike beyond their attributes; left out, no nests."""

    def faults(self) -> tuple[str, ...]:
        """Contradictions between the parts."""
        found: list[str] = []
        sold = sum(float(product.sales) for product in self.products.values())
        if sold >= float(self.market_size):
            found.append("sales reach the market size: no outside good is left; raise market_size")
        unseen = {name: p for name, p in self.products.items() if p.evidence != "observed"}
        announced = {name for name, p in unseen.items() if p.evidence == "announced"}
        found += [
            f"products.{name} is announced; add rivals.{name}"
            for name in sorted(announced - set(self.rivals))
        ]
        found += [
            f"rivals.{name} names no announced product; remove it"
            for name in sorted(set(self.rivals) - announced)
        ]
        found += [
            f"brand {brand} has a product without observed sales; add brands.{brand}"
            for brand in sorted({p.brand for p in unseen.values()} - set(self.brands))
        ]
        found += nest_faults(self.nests or {}, tuple(self.products))
        found += _misspelled_owners(self.products)
        return tuple(found)


def _misspelled_owners(products: dict[str, Product]) -> Iterator[str]:
    """Owners of one product whose name is nearly that of another: a rival by mistake."""
    owned = Counter(product.firm for product in products.values())
    for name in sorted(products):
        firm = products[name].firm
        others = sorted(set(owned) - {firm})
        near = difflib.get_close_matches(firm, others, n=1, cutoff=0.75)
        if owned[firm] == 1 and near:
            yield (
                f"products.{name} is owned by {firm}, who owns nothing else; "
                f"if {near[0]} is meant, write that"
            )
