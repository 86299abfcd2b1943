"""Units as types: one declaration carries a quantity's unit, bounds and meaning.

`Kilogram = Annotated[Float[Array, ""], Quantity("kg", 0.0, 20_000.0)]` is all that a field
needs: pydantic reads a file's text ("6500 lb"), checks the dimension and the bounds and stores
a float64 scalar in the unit named here; JSON Schema, documentation and samplers read the same
`Quantity`. Inside the library a value is a plain array: no unit object reaches the numerics.
"""

import functools
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pint
from jaxtyping import Array, Float
from pydantic import ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from framerail.distributions import DISTRIBUTIONS, Distribution, argument_names

jax.config.update("jax_enable_x64", True)  # the border fixes the dtype: float64

Scalar = Float[Array, ""]


class Declared(eqx.Module):
    """Base of every module that a scenario file can fill: unknown keys are refused."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    def faults(self) -> tuple[str, ...]:
        """Cross-field faults, each one sentence with its cure.

        `scenario_file` asks for them once the fields are valid (pydantic fills a module without
        calling its `__init__` or `__check_init__`).
        """
        return ()


class Uncertain:
    """A leaf that a file wrote as a distribution; the quantity's own unit resolves it.

    `scenario_file` puts one of these where a file has `{ normal = [...] }`; validation replaces
    it by the distribution's median and leaves the distribution here for the studies.
    """

    def __init__(self, kind: str, arguments: Mapping[str, Any]) -> None:
        self.kind = kind
        self.arguments = arguments
        self.distribution: Distribution | None = None
        self.unit: str | None = None


@functools.cache
def unit_registry() -> pint.UnitRegistry:
    """The one registry of the border, with the words that planners write."""
    registry = pint.UnitRegistry(cache_folder=None)
    registry.define("dollar = [currency_usd] = USD = usd")
    registry.define("yen = [currency_jpy] = JPY = jpy")
    registry.define("truck = [unit_count] = unit = vehicle = units = trucks = vehicles")
    registry.define("newton_meter = newton * meter = Nm")
    registry.define("mpge = 1 / 33.705 * mile / kilowatt_hour")
    return registry


_MAGNITUDE = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3, "M": 1e6, "bn": 1e9}
_DIGITS = (
    r"(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)?(?![\d,])(?:\.\d*+)?(?![.,])(?:[eE][-+]?\d+)?"
)
_MONEY = re.compile(
    rf"(?P<sign>[-+]?)(?P<symbol>\$|¥|USD|JPY)\s*(?P<number>[-+]?{_DIGITS})\s*"
    r"(?P<scale>thousand|million|billion|bn|k|M)?\s*(?P<rest>(?:/|per\b).*)?"
)
_NUMBER = re.compile(
    rf"(?P<number>[-+]?{_DIGITS})\s*(?:(?P<scale>thousand|million|billion)\b)?\s*(?P<unit>.*)"
)
_CURRENCY = {"$": "dollar", "USD": "dollar", "¥": "yen", "JPY": "yen"}


def _wanted(unit: str) -> str:
    """What a person should write for a quantity stored in `unit`."""
    if unit == "dimensionless":
        return "a plain number, or a percentage such as '12 %'"
    return f"a number with a unit such as '1 {unit}'"


def _split(text: str, unit: str) -> tuple[float, str]:
    """Number and unit of a text; a text without a unit is taken in `unit`."""
    text = text.strip().replace("\N{MINUS SIGN}", "-").replace("%", "percent")
    money = _MONEY.fullmatch(text)
    parts = money or _NUMBER.fullmatch(text)
    if not parts:
        raise ValueError(f"'{text}' has no number that can be read; expected {_wanted(unit)}")
    number = float(parts["number"].replace(",", "")) * _MAGNITUDE.get(parts["scale"] or "", 1.0)
    if money:
        number = -number if money["sign"] == "-" else number
        return number, _CURRENCY[money["symbol"]] + " " + (money["rest"] or "")
    return number, parts["unit"].strip() or unit


def parse_text(text: str, unit: str) -> float:
    """Magnitude of `text` in `unit`.

    Accepts what people write: "6500 lb", "113 kWh", "$400 million", "12 %", "$35/kWh". Commas
    stand between thousands only; decimals take a point.

    Raises:
        ValueError: when the text has no number, an unknown unit or another dimension; the
            message names the unit expected.
    """
    number, unit_text = _split(text, unit)
    try:
        return float(unit_registry().Quantity(number, unit_text).to(unit).magnitude)
    except pint.DimensionalityError as error:
        raise ValueError(
            f"'{unit_text.strip()}' cannot be converted; expected {_wanted(unit)}"
        ) from error
    except Exception as error:  # pint raises many types for a text that is no unit
        raise ValueError(
            f"'{unit_text.strip()}' is not a unit known here; expected {_wanted(unit)}"
        ) from error


def _arguments_schema(kind: str) -> dict[str, Any]:
    names = argument_names(kind)
    return {
        "type": "array",
        "items": {"type": ["number", "string"]},
        "minItems": len(names),
        "maxItems": len(names),
        "description": f"[{', '.join(names)}]",
    }


class Quantity:
    """Unit and admissible range of a scalar, as type metadata.

    **Arguments:** `unit` (a pint expression; the unit in which the value is stored), `low` and
    `high` (inclusive bounds in that unit).
    """

    def __init__(self, unit: str, low: float = -np.inf, high: float = np.inf) -> None:
        self.unit = unit
        self.low = float(low)
        self.high = float(high)

    def to_stored(self, value: Any) -> float:
        """Magnitude in the stored unit; raises `PydanticCustomError` with the cure."""
        if isinstance(value, bool) or not isinstance(
            value, (int, float, str, np.ndarray, jax.Array)
        ):
            raise PydanticCustomError(
                "quantity_type",
                "expected {wanted}",
                {"wanted": _wanted(self.unit)},
            )
        try:
            number = parse_text(value, self.unit) if isinstance(value, str) else float(value)
        except (OverflowError, TypeError, ValueError) as error:
            raise PydanticCustomError(
                "quantity_unit", "{problem}", {"problem": str(error), "unit": self.unit}
            ) from error
        if not np.isfinite(number):
            raise PydanticCustomError("quantity_finite", "expected a finite number", {})
        return number

    def in_bounds(self, number: float) -> float:
        """`number` itself, or a `PydanticCustomError` that names the range."""
        if not self.low <= number <= self.high:
            unit = "" if self.unit == "dimensionless" else f" {self.unit}"
            raise PydanticCustomError(
                "quantity_range",
                "{number}{unit} is out of range; expected {low} to {high}{unit}",
                {
                    "number": f"{number:g}",
                    "low": f"{self.low:g}",
                    "high": f"{self.high:g}",
                    "unit": unit,
                },
            )
        return number

    def resolve(self, uncertain: Uncertain) -> float:
        """Build the distribution in the stored unit; its median is the point value."""
        kind, written = uncertain.kind, uncertain.arguments[uncertain.kind]
        names = argument_names(kind)
        try:
            if not isinstance(written, (list, tuple)) or len(written) != len(names):
                raise ValueError(f"expected [{', '.join(names)}]")
            numbers = [self._argument(*pair) for pair in zip(names, written, strict=True)]
            distribution = DISTRIBUTIONS[kind](*numbers).truncated(self.low, self.high)
        except ValueError as error:
            raise PydanticCustomError(
                "distribution", "{kind}: {problem}", {"kind": kind, "problem": str(error)}
            ) from error
        uncertain.distribution = distribution
        uncertain.unit = self.unit
        return distribution.median()

    def _argument(self, name: str, value: Any) -> float:
        """One argument of a distribution; a factor has no unit, a deviation no zero point."""
        if name == "factor":
            return Quantity("dimensionless").to_stored(value)
        number = self.to_stored(value)
        if name == "deviation" and isinstance(value, str):
            return number - parse_text(f"0 {_split(value, self.unit)[1]}", self.unit)
        return number

    def __call__(self, value: Any) -> Scalar:
        """Validate one raw value from a file."""
        number = self.resolve(value) if isinstance(value, Uncertain) else self.to_stored(value)
        return jnp.asarray(self.in_bounds(number), dtype=jnp.float64)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let pydantic validate an array field through this quantity."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self, serialization=core_schema.plain_serializer_function_ser_schema(float)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """A number in the stored unit, a text with a unit, or a distribution."""
        del schema, handler
        number: dict[str, Any] = {"type": "number"}
        if np.isfinite(self.low):
            number["minimum"] = self.low
        if np.isfinite(self.high):
            number["maximum"] = self.high
        table = {
            "type": "object",
            "properties": {
                "value": {"type": ["number", "string"]},
                **{kind: _arguments_schema(kind) for kind in sorted(DISTRIBUTIONS)},
                **{key: {"type": "string"} for key in ("from_table", "source", "as_of", "note")},
            },
            "additionalProperties": False,
        }
        return {
            "anyOf": [number, {"type": "string", "examples": [f"1 {self.unit}"]}, table],
            "x-unit": self.unit,
        }


# Physical quantities: SI inside.
Kilogram = Annotated[Scalar, Quantity("kg", 0.0, 60_000.0)]
Meter = Annotated[Scalar, Quantity("m", -500.0, 50_000.0)]
SquareMeter = Annotated[Scalar, Quantity("m^2", 0.0, 100.0)]
MeterPerSecond = Annotated[Scalar, Quantity("m/s", -100.0, 200.0)]
Second = Annotated[Scalar, Quantity("s", 0.0, 1e7)]
Newton = Annotated[Scalar, Quantity("N", -1e5, 1e5)]
NewtonPerSpeed = Annotated[Scalar, Quantity("N*s/m", -500.0, 500.0)]
NewtonPerSpeedSquared = Annotated[Scalar, Quantity("N*s^2/m^2", -5.0, 20.0)]
NewtonMeter = Annotated[Scalar, Quantity("N*m", 0.0, 20_000.0)]
Watt = Annotated[Scalar, Quantity("W", 0.0, 5e6)]
Joule = Annotated[Scalar, Quantity("J", 0.0, 1e10)]
Kelvin = Annotated[Scalar, Quantity("K", 200.0, 400.0)]
Pascal = Annotated[Scalar, Quantity("Pa", 1e4, 2e5)]
Volt = Annotated[Scalar, Quantity("V", 0.0, 2_000.0)]
Ohm = Annotated[Scalar, Quantity("ohm", 0.0, 10.0)]
RadianPerSecond = Annotated[Scalar, Quantity("rad/s", 0.0, 5_000.0)]
WattPerKelvin = Annotated[Scalar, Quantity("W/K", 0.0, 1e5)]
JoulePerKelvin = Annotated[Scalar, Quantity("J/K", 0.0, 1e8)]

# Planners' quantities.
KilowattHour = Annotated[Scalar, Quantity("kWh", 0.0, 1_000.0)]
Kilowatt = Annotated[Scalar, Quantity("kW", 0.0, 5_000.0)]
Mile = Annotated[Scalar, Quantity("mile", 0.0, 2_000.0)]
Pound = Annotated[Scalar, Quantity("lb", 0.0, 100_000.0)]
Hour = Annotated[Scalar, Quantity("hour", 0.0, 100_000.0)]
Dollar = Annotated[Scalar, Quantity("dollar", -1e13, 1e13)]
PositiveDollar = Annotated[Scalar, Quantity("dollar", 0.0, 1e13)]
DollarPerKilowattHour = Annotated[Scalar, Quantity("dollar/kWh", 0.0, 5_000.0)]
DollarPerHour = Annotated[Scalar, Quantity("dollar/hour", 0.0, 1_000.0)]
YenPerDollar = Annotated[Scalar, Quantity("yen/dollar", 50.0, 400.0)]
Year = Annotated[Scalar, Quantity("dimensionless", 1950.0, 2100.0)]
"""A calendar date as a decimal year: 2026.25 is 1 April 2026."""
Duration = Annotated[Scalar, Quantity("year", 0.0, 60.0)]
Fraction = Annotated[Scalar, Quantity("dimensionless", 0.0, 1.0)]
SignedFraction = Annotated[Scalar, Quantity("dimensionless", -1.0, 1.0)]
Rate = Annotated[Scalar, Quantity("dimensionless", -0.5, 2.0)]
"""A rate per year, as a fraction: 0.09 or "9 %"."""
Number = Annotated[Scalar, Quantity("dimensionless", -1e9, 1e9)]
PositiveNumber = Annotated[Scalar, Quantity("dimensionless", 0.0, 1e12)]
Units = Annotated[Scalar, Quantity("truck", 0.0, 1e9)]
"""A number of trucks."""
