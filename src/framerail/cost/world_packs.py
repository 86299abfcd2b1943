"""The world's output of packs: the experience by which a pack's price falls (Wright's law)."""

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Quantity, Rate, Scalar

GigawattHour = Annotated[Scalar, Quantity("GWh", 0.0, 1e7)]
GigawattHourPerYear = Annotated[Scalar, Quantity("GWh/year", 0.0, 1e6)]


class WorldPacks(Declared):
    """Cumulative output of packs for electric vehicles, and what doubling it is worth."""

    exponent: Fraction
    """Elasticity of the pack's cost to the world's cumulative output; 0.35 is 22 % per doubling."""
    cumulative: GigawattHour
    """Built until the end of the curves' base year."""
    annual: GigawattHourPerYear
    """Output per year then."""
    growth: Rate
    """Growth of that output per year until the curves' end."""
    published_growth: Rate
    """Growth that the published curves take for granted: with it they stand as they are."""

    def faults(self) -> tuple[str, ...]:
        """Experience needs a beginning."""
        if float(self.cumulative) <= 0.0:
            return ("cumulative: expected more than 0, such as '2100 GWh'",)
        return ()


def _built(packs: WorldPacks, growth: Float[Array, ""], years: Float[Array, ""]) -> Array:
    """Cumulative output after `years` at a constant growth, GWh."""
    rate = jnp.log1p(growth)
    flat = jnp.abs(rate) < 1e-9
    safe = jnp.where(flat, 1.0, rate)
    even = years * (1.0 + rate * years / 2)  # the limit, with its slope
    added = jnp.where(flat, even, jnp.expm1(safe * years) / safe)
    return packs.cumulative + packs.annual * added


def experience_factor_of_packs(packs: WorldPacks, years: Float[Array, ""]) -> Float[Array, ""]:
    """Pack cost over the published curve's, `years` after its base year; 1 in that year.

    The curves fall with time; the part of that fall which is learning belongs to some growth of
    the world's output. More output than that is cheaper packs: (built / built then)^-exponent.
    """
    ratio = _built(packs, packs.growth, years) / _built(packs, packs.published_growth, years)
    return ratio**-packs.exponent
