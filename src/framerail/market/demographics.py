"""Who the buyers are: groups of households with their own tastes, and fleets.

Tastes move with demographics as PyBLP's `pi` has them: a buyer's taste for a trait is the mean
one, plus pi times the group's difference from the mean household, plus the unobserved part. So
groups leave the mean taste where it is, and spread it by what can be seen of a buyer.
"""

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    Fraction,
    PositiveNumber,
    Quantity,
    Scalar,
    SignedFraction,
)

Util = Annotated[Scalar, Quantity("dimensionless", -20.0, 20.0)]
YearsOld = Annotated[Scalar, Quantity("year", 0.0, 120.0)]

GROUP_TASTES = ("pickup", "electric", "size", "us_brand", "electric_pickup")
"""Fields of `Interaction` that are tastes, in the order of `buyers.TASTES`."""
FLEET_TASTES = ("pickup", "electric")
"""Fields of `Fleet` that are tastes."""
DEMOGRAPHICS = ("income", "rural", "age")
"""Columns of `Buyers.demographics`: log income, part rural, decades of age; less the means."""


class BuyerGroup(Declared):
    """Households alike in what can be seen of them."""

    share: Fraction
    """Part of all household buyers; the groups' shares sum to one."""
    income: PositiveNumber
    """Median income against that of all new-vehicle buyers: 1.2 is a fifth above. Incomes within
    the group spread by the preferences' `income_spread`."""
    rural: Fraction
    """Part of the group that lives outside metropolitan areas."""
    age: YearsOld
    """Mean age of the household's head."""


class Interaction(Declared):
    """How tastes move with one demographic; what is left out does not."""

    pickup: Util | None = None
    """Utils of a pickup."""
    electric: Util | None = None
    """Utils of an electric vehicle."""
    size: Util | None = None
    """Utils per log point of footprint."""
    us_brand: Util | None = None
    """Utils of an American brand."""
    electric_pickup: Util | None = None
    """Utils of an electric pickup beyond both."""
    price: Util | None = None
    """Change of the log of price sensitivity."""

    def row(self) -> Float[Array, " taste"]:
        """`GROUP_TASTES`, then price; zero where left out."""
        given = [getattr(self, name) for name in (*GROUP_TASTES, "price")]
        return jnp.stack([jnp.zeros(()) if value is None else value for value in given])


class Demographics(Declared):
    """Groups of households, and how tastes differ between them."""

    groups: dict[str, BuyerGroup]
    """Groups by name."""
    income: Interaction | None = None
    """Per log point of income; price sensitivity falls with income besides."""
    rural: Interaction | None = None
    """Between a rural household and an urban one."""
    age: Interaction | None = None
    """Per ten years of age."""

    def faults(self) -> tuple[str, ...]:
        """Shares that are no partition."""
        total = sum(float(group.share) for group in self.groups.values())
        if abs(total - 1) <= 1e-6:
            return ()
        return (f"shares of the groups sum to {total:.4g}; they must sum to 1",)

    def shares(self) -> Float[Array, " group"]:
        """Part of each group, by sorted name."""
        return jnp.stack([self.groups[name].share for name in sorted(self.groups)])

    def log_income(self) -> Float[Array, " group"]:
        """Log of each group's median income against that of all buyers."""
        return jnp.log(jnp.stack([self.groups[name].income for name in sorted(self.groups)]))

    def centered(self) -> Float[Array, "group demographic"]:
        """`DEMOGRAPHICS` of each group less the mean household's."""
        rows = [self.groups[name] for name in sorted(self.groups)]
        values = jnp.stack(
            [
                self.log_income(),
                jnp.stack([row.rural for row in rows]),
                jnp.stack([row.age for row in rows]) / 10,
            ],
            axis=1,
        )
        return values - (self.shares() @ values)[None, :]

    def responses(self) -> Float[Array, "demographic taste"]:
        """pi: a row per demographic; columns are `GROUP_TASTES`, then price."""
        nothing = jnp.zeros(len(GROUP_TASTES) + 1)
        given = (self.income, self.rural, self.age)
        return jnp.stack([nothing if one is None else one.row() for one in given])


class Fleet(Declared):
    """Buyers that are no households: companies, governments, rental."""

    share: Fraction
    """Part of all buyers in the calibration year."""
    growth: SignedFraction
    """Change of that part per year: 0.01 is a hundredth of all buyers more."""
    price_response: PositiveNumber
    """Price sensitivity against that of a household of median income."""
    pickup: Util
    """Utils of a pickup beyond a household's."""
    electric: Util
    """Utils of an electric vehicle beyond a household's."""
