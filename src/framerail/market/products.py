"""The trucks on offer: what a scenario declares of each, and all of them as arrays.

A product is one nameplate (or one battery size of an electric nameplate) as buyers see it.
`product_table` stacks a dictionary of products, in the order of their sorted names, so that
everything downstream is an array operation over `J` products and `F` firms.
"""

from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    Dollar,
    Duration,
    Mile,
    PositiveDollar,
    Pound,
    Quantity,
    Scalar,
    Second,
    Units,
    Year,
)

SquareFoot = Annotated[Scalar, Quantity("ft^2", 20.0, 120.0)]
GallonPerMile = Annotated[Scalar, Quantity("gallon/mile", 0.0, 1.0)]
KilowattHourPerMile = Annotated[Scalar, Quantity("kWh/mile", 0.0, 5.0)]

Powertrain = Literal["combustion", "hybrid", "electric"]
Body = Literal["full-size", "midsize", "compact", "car"]
Origin = Literal["us", "japan", "korea"]
Evidence = Literal["observed", "supply-limited", "announced", "entrant"]
Pricing = Literal["strategic", "fixed"]


class Product(Declared):
    """One nameplate (or variant) in the calibration year, and its life on the market."""

    firm: str = eqx.field(static=True)
    """Company that sets its price and books its profit."""
    brand: str = eqx.field(static=True)
    """Badge on the grille."""
    origin: Origin = eqx.field(static=True)
    """Where buyers place the brand: us, japan or korea."""
    powertrain: Powertrain = eqx.field(static=True)
    """combustion, hybrid or electric."""
    body: Body = eqx.field(static=True)
    """full-size, midsize or compact pickup; car for anything that is no pickup."""
    evidence: Evidence = eqx.field(static=True)
    """What its sales say: observed (sales reveal demand), supply-limited (they do not),
    announced (a rival not yet on sale) or entrant (a truck of this scenario)."""
    pricing: Pricing = eqx.field(static=True)
    """strategic: its firm answers rivals' prices; fixed: a fringe that does not."""
    assembled_in_north_america: bool = eqx.field(static=True)
    """Final assembly in North America, a condition of the consumer credit."""
    price: PositiveDollar
    """Average transaction price (or list price) in the calibration year."""
    sales: Units
    """Units sold in the calibration year; zero unless observed."""
    towing: Pound
    """Greatest trailer weight of a typical configuration."""
    payload: Pound
    """Greatest payload of a typical configuration."""
    range: Mile
    """EPA label range on battery; zero without a traction battery to plug in."""
    zero_to_sixty: Second
    """Time from rest to 60 mph."""
    fuel_use: GallonPerMile
    """Gasoline used per mile, EPA combined; zero for electric."""
    electricity_use: KilowattHourPerMile
    """Wall electricity used per mile, EPA combined; zero without a plug."""
    footprint: SquareFoot
    """Wheelbase times track."""
    redesign_age: Duration
    """Years since the last redesign, in the calibration year."""
    credit: PositiveDollar
    """Federal purchase credit that its buyers could have in the calibration year."""
    quality_adjustment: Dollar
    """Willingness to pay beyond what attributes and segment say; used where evidence is not
    "observed" (an observed product's own residual carries it)."""
    launch: Year
    """Date when sales begin."""
    end: Year
    """Date when sales end."""

    def faults(self) -> tuple[str, ...]:
        """Contradictions between the fields."""
        found: list[str] = []
        if self.evidence == "observed" and float(self.sales) <= 0:
            found.append("an observed product needs sales above zero; give them or set evidence")
        if self.evidence != "observed" and float(self.sales) > 0:
            found.append("sales are used only of an observed product; set them to zero")
        if self.powertrain == "electric" and float(self.range) <= 0:
            found.append("an electric product needs a range above zero")
        if self.powertrain == "electric" and float(self.electricity_use) <= 0:
            found.append("an electric product needs an electricity use above zero")
        if float(self.price) <= 0:
            found.append("a product needs a price above zero")
        if float(self.end) <= float(self.launch):
            found.append("sales must end after they begin")
        return tuple(found)


class ProductTable(eqx.Module):
    """All products as arrays over `product` (J, sorted names) and `firm` (F, sorted names)."""

    names: tuple[str, ...] = eqx.field(static=True)
    """Product names in array order."""
    firms: tuple[str, ...] = eqx.field(static=True)
    """Firm names in array order."""
    brands: tuple[str, ...] = eqx.field(static=True)
    """Each product's brand, in array order."""
    firm: Float[Array, "product firm"]
    """One where the firm sells the product, else zero."""
    electric: Float[Array, " product"]
    """One for battery-electric products."""
    pickup: Float[Array, " product"]
    """One for pickups, zero for cars."""
    full_size: Float[Array, " product"]
    """One for full-size pickups."""
    us_brand: Float[Array, " product"]
    """One for American brands."""
    japan_brand: Float[Array, " product"]
    """One for Japanese brands."""
    north_america: Float[Array, " product"]
    """One where final assembly is in North America."""
    observed: Float[Array, " product"]
    """One where calibration-year sales reveal demand."""
    fixed_price: Float[Array, " product"]
    """One where the price does not answer rivals."""
    entrant: Float[Array, " product"]
    """One for the scenario's own trucks, whose costs come from the cost stage."""
    price: Float[Array, " product"]
    """$ in the calibration year."""
    sales: Float[Array, " product"]
    """Trucks in the calibration year."""
    towing: Float[Array, " product"]
    """lb."""
    payload: Float[Array, " product"]
    """lb."""
    range: Float[Array, " product"]
    """mi."""
    zero_to_sixty: Float[Array, " product"]
    """s."""
    fuel_use: Float[Array, " product"]
    """gallon/mile."""
    electricity_use: Float[Array, " product"]
    """kWh/mile."""
    footprint: Float[Array, " product"]
    """ft^2."""
    redesign_age: Float[Array, " product"]
    """Years."""
    credit: Float[Array, " product"]
    """$ in the calibration year."""
    quality_adjustment: Float[Array, " product"]
    """$."""
    launch: Float[Array, " product"]
    """Decimal year."""
    end: Float[Array, " product"]
    """Decimal year."""

    def index(self, name: str) -> int:
        """Place of a product in the arrays."""
        return self.names.index(name)

    def replaced(self, name: str, **columns: Scalar) -> "ProductTable":
        """The same table with some columns of one product overwritten.

        The engine writes an entrant's range, 0-60 and electricity use with it:
        `table.replaced("alaska-awd", range=miles, zero_to_sixty=seconds)`.
        """
        place = self.index(name)
        keys = tuple(columns)
        return eqx.tree_at(
            lambda table: [getattr(table, key) for key in keys],
            self,
            [getattr(self, key).at[place].set(columns[key]) for key in keys],
        )


_COLUMNS = (
    "price",
    "sales",
    "towing",
    "payload",
    "range",
    "zero_to_sixty",
    "fuel_use",
    "electricity_use",
    "footprint",
    "redesign_age",
    "credit",
    "quality_adjustment",
    "launch",
    "end",
)


def product_table(products: dict[str, Product]) -> ProductTable:
    """Stack products, in the order of their sorted names."""
    names = tuple(sorted(products))
    rows = [products[name] for name in names]
    firms = tuple(sorted({row.firm for row in rows}))

    def mark(chosen: list[bool]) -> Float[Array, " product"]:
        return jnp.asarray(chosen, dtype=jnp.float64)

    return ProductTable(
        names=names,
        firms=firms,
        brands=tuple(row.brand for row in rows),
        firm=jnp.asarray([[float(row.firm == firm) for firm in firms] for row in rows]),
        electric=mark([row.powertrain == "electric" for row in rows]),
        pickup=mark([row.body != "car" for row in rows]),
        full_size=mark([row.body == "full-size" for row in rows]),
        us_brand=mark([row.origin == "us" for row in rows]),
        japan_brand=mark([row.origin == "japan" for row in rows]),
        north_america=mark([row.assembled_in_north_america for row in rows]),
        observed=mark([row.evidence == "observed" for row in rows]),
        fixed_price=mark([row.pricing == "fixed" for row in rows]),
        entrant=mark([row.evidence == "entrant" for row in rows]),
        **{column: jnp.stack([getattr(row, column) for row in rows]) for column in _COLUMNS},
    )
