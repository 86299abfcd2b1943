"""Warranty reserve and the expected cost of recalls on a shared platform."""

import equinox as eqx
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, PositiveDollar, PositiveNumber, Units


class WarrantyDeck(Declared):
    """Warranty reserve and the expectation of recalls."""

    base_share: Fraction
    """Mature claims over the warranty's life, as a share of manufacturing cost."""
    launch_excess: PositiveNumber
    """Claims of the first truck over mature claims, less one."""
    excess_volume: Units
    """Cumulative platform volume at which half of the launch excess is gone."""
    recall_probability: Fraction
    """Probability that a truck falls under a large campaign on the shared platform."""
    recall_cost: PositiveDollar
    """Cost of such a campaign per truck, 2022 dollars."""
    pack_recall_probability: Fraction
    """Probability that a truck's pack falls under a replacement campaign."""
    pack_recall_share: Fraction
    """Maker's share of the pack's cost in such a campaign; the supplier bears the rest."""

    def faults(self) -> tuple[str, ...]:
        """The launch excess must be able to fade."""
        if float(self.excess_volume) <= 0.0:
            return ("excess_volume: expected more than 0, such as '20000 trucks'",)
        return ()


class WarrantyCosts(eqx.Module):
    """Reserve per truck, dollars of the model year, scalars."""

    warranty: Float[Array, ""]
    """Claims under warranty."""
    recalls: Float[Array, ""]
    """Expected cost of campaigns, both brands hit alike through the shared platform."""


def warranty_costs(
    deck: WarrantyDeck,
    manufacturing: Float[Array, ""],
    pack: Float[Array, ""],
    platform_cumulative: Float[Array, ""],
    to_nominal: Float[Array, ""],
) -> WarrantyCosts:
    """Reserve for one truck.

    **Arguments:** `manufacturing` cost and `pack` cost in dollars of the model year,
    `platform_cumulative` trucks of both brands, `to_nominal` the factor from 2022 dollars.
    """
    fading = deck.excess_volume / (deck.excess_volume + platform_cumulative)
    return WarrantyCosts(
        warranty=deck.base_share * (1.0 + deck.launch_excess * fading) * manufacturing,
        recalls=deck.recall_probability * deck.recall_cost * to_nominal
        + deck.pack_recall_probability * deck.pack_recall_share * pack,
    )
