"""The price index: from the dollars of a published rate to those of a model year."""

from jaxtyping import Array, Float

from framerail.quantities import Declared, PositiveNumber


class PriceIndex(Declared):
    """General price level as observed, to 2023; what follows is the program's inflation."""

    index_2020: PositiveNumber
    """GDP implicit price deflator of 2020, 2012 = 100."""
    index_2022: PositiveNumber
    """GDP implicit price deflator of 2022, 2012 = 100."""
    index_2023: PositiveNumber
    """GDP implicit price deflator of 2023, 2012 = 100."""

    def faults(self) -> tuple[str, ...]:
        """Factors between years divide by the indices."""
        return tuple(
            f"{name}: expected more than 0, such as 127.2"
            for name in ("index_2020", "index_2022", "index_2023")
            if float(getattr(self, name)) <= 0.0
        )


def price_level(inflation: Float[Array, ""], year: Float[Array, "..."]) -> Float[Array, "..."]:
    """General price level of a year over that of 2023; 1 in 2023, `inflation` a year after."""
    return (1.0 + inflation) ** (year - 2023.0)


def from_dollars_of_2022(index: PriceIndex, level: Float[Array, ""]) -> Float[Array, ""]:
    """Factor from 2022 dollars to those of a year whose price level over 2023 is `level`."""
    return index.index_2023 / index.index_2022 * level


def from_dollars_of_2020(index: PriceIndex, level: Float[Array, ""]) -> Float[Array, ""]:
    """Factor from 2020 dollars to those of a year whose price level over 2023 is `level`."""
    return index.index_2023 / index.index_2020 * level
