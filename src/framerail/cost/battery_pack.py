"""What a battery pack costs: size, chemistry, year, metals, supplier.

Source of the curves: EPA OMEGA 2.5.0, `powertrain_cost_frm.csv` v0.21 (Argonne, 30 October
2023), direct manufacturing cost in 2022 dollars per gross kWh.
"""

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost.world_packs import WorldPacks, experience_factor_of_packs
from framerail.quantities import (
    Declared,
    DollarPerKilowattHour,
    Fraction,
    PositiveNumber,
    Quantity,
    Rate,
    Scalar,
    Year,
)

KilogramPerKilowattHour = Annotated[Scalar, Quantity("kg/kWh", 0.0, 10.0)]
DollarPerKilogram = Annotated[Scalar, Quantity("dollar/kg", 0.0, 500.0)]


class MetalContent(Declared):
    """Battery metals in a gross kWh of pack."""

    lithium_carbonate: KilogramPerKilowattHour
    """Lithium, as carbonate equivalent."""
    nickel: KilogramPerKilowattHour
    """Nickel."""
    cobalt: KilogramPerKilowattHour
    """Cobalt."""


class MetalPrices(Declared):
    """Prices of the battery metals, 2022 dollars."""

    lithium_carbonate: DollarPerKilogram
    """Lithium carbonate, battery grade."""
    nickel: DollarPerKilogram
    """Nickel."""
    cobalt: DollarPerKilogram
    """Cobalt."""


class ChemistryCurve(Declared):
    """Pack cost per gross kWh: level + size_cost / E^size_power - drop t exp(-fade t)."""

    level: DollarPerKilowattHour
    """Cost of a very large pack in the base year."""
    size_cost: PositiveNumber
    """Size term of a 1 kWh pack, dollars per kWh."""
    size_power: PositiveNumber
    """Power of the gross energy in the size term."""
    drop: DollarPerKilowattHour
    """First year's fall."""
    fade: Fraction
    """Rate per year at which the yearly fall fades."""
    metals: MetalContent
    """Metals per gross kWh."""


class PackDeck(Declared):
    """Coefficients of the pack's cost, 2022 dollars."""

    nmc: ChemistryCurve
    """Nickel-manganese-cobalt."""
    lfp: ChemistryCurve
    """Lithium iron phosphate."""
    base_year: Year
    """Year zero of the published curves."""
    curve_end: Year
    """Last year of the published curves; a slow decline follows."""
    later_decline: Fraction
    """Fall of cost per year after the curves' end."""
    trend_deviation: Rate
    """Yearly growth of the pack price against curve and world output, until the curve's end."""
    world: WorldPacks
    """The world's output of packs against the one that the curves take for granted."""
    lfp_discount_held_from: Year
    """Year from which LFP keeps its published ratio to NMC: the published curves cross later."""
    embedded_metals: MetalPrices
    """Metal prices that the curves imply."""
    metals: MetalPrices
    """Metal prices expected over the program's life."""
    metal_pass_through: Fraction
    """Share of a metal's price difference that the supply contract passes on."""
    supplier_factor: PositiveNumber
    """Price that the program pays over the curve's cost: supplier, region, bargaining."""

    def faults(self) -> tuple[str, ...]:
        """The curves must have a beginning before their end."""
        found = []
        if float(self.curve_end) <= float(self.base_year):
            found.append("curve_end: expected a year after base_year, such as 2035")
        if float(self.supplier_factor) <= 0.0:
            found.append("supplier_factor: expected more than 0; 1 is the curve's cost")
        return tuple(found)


def published_cost(
    curve: ChemistryCurve, deck: PackDeck, energy: Float[Array, ""], year: Float[Array, ""]
) -> Float[Array, ""]:
    """The published curve, dollars of 2022 per gross kWh.

    The time term stops at `curve_end` (2035) and 1.5 % a year follows, as the publisher does.
    Valid for 2023 and later; earlier years are held at 2023.

    **Arguments:** gross `energy` in kWh (> 0), model `year`.
    """
    elapsed = jnp.clip(year, deck.base_year, deck.curve_end) - deck.base_year
    size = curve.size_cost * jnp.maximum(energy, 1.0) ** -curve.size_power
    at_time = curve.level + size - curve.drop * elapsed * jnp.exp(-curve.fade * elapsed)
    return at_time * (1.0 - deck.later_decline) ** jnp.maximum(year - deck.curve_end, 0.0)


def lfp_cost(deck: PackDeck, energy: Float[Array, ""], year: Float[Array, ""]) -> Float[Array, ""]:
    """LFP, dollars of 2022 per gross kWh, without the published crossing.

    The published LFP curve rises above NMC by 2035: its time term fades faster. LFP holds no
    nickel or cobalt and the same formats, so the crossing is a property of the fit. To
    `lfp_discount_held_from` this is the published curve to the cent; afterwards LFP follows NMC at
    the ratio that the published curves had in that year (docs/decisions/0005).
    """
    held = jnp.minimum(year, deck.lfp_discount_held_from)
    ratio = published_cost(deck.lfp, deck, energy, held) / published_cost(
        deck.nmc, deck, energy, held
    )
    return ratio * published_cost(deck.nmc, deck, energy, year)


def metal_adjustment(deck: PackDeck, content: MetalContent) -> Float[Array, ""]:
    """Dollars of 2022 per kWh by which expected metal prices move the pack's cost."""
    now, then = deck.metals, deck.embedded_metals
    change = (
        content.lithium_carbonate * (now.lithium_carbonate - then.lithium_carbonate)
        + content.nickel * (now.nickel - then.nickel)
        + content.cobalt * (now.cobalt - then.cobalt)
    )
    return deck.metal_pass_through * change


def pack_cost_per_kwh(
    deck: PackDeck, energy: Float[Array, ""], lfp_share: Float[Array, ""], year: Float[Array, ""]
) -> Float[Array, ""]:
    """What the program pays for a pack, dollars of 2022 per gross kWh, always positive.

    A pack cannot cost less than a fifth of its curve, however cheap the metals. From the base year
    to the curve's end the price also follows the world's output of packs (Wright's law), and the
    deviation of the market's trend from both compounds.
    """
    elapsed = jnp.clip(year, deck.base_year, deck.curve_end) - deck.base_year
    trend = (1.0 + deck.trend_deviation) ** elapsed
    trend = trend * experience_factor_of_packs(deck.world, elapsed)
    nmc_curve = published_cost(deck.nmc, deck, energy, year)
    lfp_curve = lfp_cost(deck, energy, year)
    nmc = jnp.maximum(nmc_curve + metal_adjustment(deck, deck.nmc.metals), 0.2 * nmc_curve)
    lfp = jnp.maximum(lfp_curve + metal_adjustment(deck, deck.lfp.metals), 0.2 * lfp_curve)
    return deck.supplier_factor * trend * (lfp_share * lfp + (1.0 - lfp_share) * nmc)
