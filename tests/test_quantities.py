"""The border: texts with units, bounds, messages, markers and the schema of one declaration."""

from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import jsonschema
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from framerail import quantities
from framerail.quantities import (
    Declared,
    Dollar,
    Fraction,
    Kelvin,
    KilowattHour,
    Quantity,
    Scalar,
    Uncertain,
    parse_text,
)


class Pack(Declared):
    """A battery pack as a file would fill it."""

    energy: KilowattHour
    """Usable energy."""
    price: Dollar
    """Price paid."""
    scrap: Fraction
    """Share of cells scrapped."""
    chemistry: str = eqx.field(static=True)
    """Cell chemistry."""


PACK = {"energy": "113 kWh", "price": "$14.5 thousand", "scrap": "5 %", "chemistry": "nmc"}
ADAPTER = TypeAdapter(Pack)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("113 kWh", "kWh", 113.0),
        ("113", "kWh", 113.0),
        ("113 kWh", "J", 113 * 3.6e6),
        ("6500 lb", "kg", 6500 * 0.45359237),
        ("6,500 lb", "lb", 6500.0),
        ("1_000 kg", "kg", 1000.0),
        ("75 mph", "m/s", 75 * 1609.344 / 3600),
        ("300 Nm", "N*m", 300.0),
        ("1.5e3 kW", "W", 1.5e6),
        (".5", "dimensionless", 0.5),
        ("12 %", "dimensionless", 0.12),
        ("-12%", "dimensionless", -0.12),
        ("\N{MINUS SIGN}7 degC", "K", 266.15),
        ("20 °C", "K", 293.15),
        ("18 months", "year", 1.5),
        ("$400 million", "dollar", 4e8),
        ("-$5 million", "dollar", -5e6),
        ("$-5 million", "dollar", -5e6),
        ("$2.5bn", "dollar", 2.5e9),
        ("$4e8", "dollar", 4e8),
        ("USD 7,500", "dollar", 7500.0),
        ("400 million USD", "dollar", 4e8),
        ("¥600 billion", "yen", 6e11),
        ("150 yen/dollar", "yen/dollar", 150.0),
        ("$35/kWh", "dollar/kWh", 35.0),
        ("$35 per kWh", "dollar/kWh", 35.0),
        ("$35/MWh", "dollar/kWh", 0.035),
        ("60 thousand trucks", "truck", 60_000.0),
    ],
)
def test_text_becomes_magnitude(text, unit, expected):
    assert parse_text(text, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "problem"),
    [
        ("", "kWh", "no number"),
        ("kWh", "kWh", "no number"),
        ("1,5 kWh", "kWh", "no number"),  # a decimal comma must never read as fifteen
        ("1,00 kWh", "kWh", "no number"),
        ("1.2.3 kWh", "kWh", "no number"),
        ("$.", "dollar", "no number"),
        ("5 zorks", "kg", "not a unit known here"),
        ("5 3 kWh", "kWh", "not a unit known here"),
        ("5 kwh", "kWh", "not a unit known here"),
        ("5 kWh", "kg", "cannot be converted"),
        ("¥600 billion", "dollar", "cannot be converted"),
        ("5 kg", "dimensionless", "cannot be converted"),
    ],
)
def test_text_that_is_no_quantity_says_what_was_expected(text, unit, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        parse_text(text, unit)
    expected = "percentage such as '12 %'" if unit == "dimensionless" else f"'1 {unit}'"
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "quantity_type"),
        (None, "quantity_type"),
        ([1.0], "quantity_type"),
        (np.ones(2), "quantity_unit"),
        (10**400, "quantity_unit"),
        ("5 kg", "quantity_unit"),
        (float("nan"), "quantity_finite"),
        ("1e400 kWh", "quantity_finite"),
        (-1e-9, "quantity_range"),
        ("1001 kWh", "quantity_range"),
    ],
)
def test_refused_values_name_their_fault(value, kind):
    with pytest.raises(PydanticCustomError) as caught:
        Quantity("kWh", 0.0, 1000.0)(value)
    assert caught.value.type == kind


@pytest.mark.parametrize("value", [0.0, 1000.0, 1, "1000 kWh", np.float64(3.0), jnp.asarray(3.0)])
def test_bounds_are_inclusive_and_the_result_is_a_float64_scalar(value):
    stored = Quantity("kWh", 0.0, 1000.0)(value)
    assert stored.shape == ()
    assert stored.dtype == jnp.float64


def test_range_message_is_readable_with_and_without_a_unit():
    with pytest.raises(PydanticCustomError, match=r"^1001 kWh is out of range; expected 0 to 1000"):
        Quantity("kWh", 0.0, 1000.0)("1001 kWh")
    with pytest.raises(PydanticCustomError, match=r"^12 is out of range; expected 0 to 1$"):
        Quantity("dimensionless", 0.0, 1.0)(12)


def test_module_is_filled_from_text_and_stays_a_differentiable_pytree():
    pack = ADAPTER.validate_python(PACK)
    assert (float(pack.energy), float(pack.price), float(pack.scrap)) == (113.0, 14_500.0, 0.05)
    slope = jax.grad(lambda p: p.price / p.energy * (1 + p.scrap))(pack)
    assert float(slope.scrap) == pytest.approx(14_500 / 113)
    assert slope.chemistry == "nmc"


def test_all_faults_of_a_module_come_at_once_each_at_its_place():
    raw = {"energy": "113 kg", "price": "$1", "scrap": 2, "chemistri": "nmc"}
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(raw)
    found = {entry["loc"][-1]: entry["type"] for entry in caught.value.errors()}
    assert found == {
        "energy": "quantity_unit",
        "scrap": "quantity_range",
        "chemistri": "unexpected_keyword_argument",
        "chemistry": "missing",
    }


@pytest.mark.parametrize(
    ("kind", "arguments", "median"),
    [
        ("normal", ["113 kWh", "4 kWh"], 113.0),
        ("normal", ["406.8 MJ", "4 kWh"], 113.0),
        ("lognormal", ["100 kWh", 1.2], 100.0),
        ("uniform", ["90 kWh", 110], 100.0),
        ("triangular", [90, 100, 110], 100.0),
        ("pert", [90, 100, 110], 100.0),
    ],
)
def test_marker_resolves_to_the_median_and_keeps_the_distribution(kind, arguments, median):
    marker = Uncertain(kind, {kind: arguments})
    pack = ADAPTER.validate_python({**PACK, "energy": marker})
    assert float(pack.energy) == pytest.approx(median)
    assert marker.unit == "kWh"
    assert marker.distribution is not None
    assert (marker.distribution.low, marker.distribution.high) == (0.0, 1000.0)


def test_a_deviation_is_a_difference_even_on_a_scale_with_a_zero_point():
    marker = Uncertain("normal", {"normal": ["20 degC", "5 degC"]})
    TypeAdapter(Kelvin).validate_python(marker)
    assert marker.distribution is not None
    assert marker.distribution.arguments == pytest.approx((293.15, 5.0))


@pytest.mark.parametrize(
    ("kind", "arguments", "problem"),
    [
        ("normal", ["113 kWh"], "expected [mean, deviation]"),
        ("normal", "113 kWh", "expected [mean, deviation]"),
        ("normal", 113.0, "expected [mean, deviation]"),
        ("normal", ["113 kWh", "-4 kWh"], "deviation above zero"),
        ("normal", ["113 kWh", "4 kg"], "'kg' cannot be converted"),
        ("normal", ["1100 kWh", "4 kWh"], "lies outside 0 to 1000"),
        ("lognormal", ["100 kWh", "1.2 kWh"], "'kWh' cannot be converted"),
        ("lognormal", ["100 kWh", 0.9], "factor above one"),
        ("triangular", [90, 120, 110], "increasing"),
    ],
)
def test_marker_that_is_no_distribution_is_a_fault_with_a_cure(kind, arguments, problem):
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python({**PACK, "energy": Uncertain(kind, {kind: arguments})})
    (fault,) = caught.value.errors()
    assert fault["type"] == "distribution"
    assert fault["msg"].startswith(f"{kind}: ")
    assert problem in fault["msg"]


SCHEMA = ADAPTER.json_schema()


def test_schema_carries_meaning_unit_and_bounds():
    energy = SCHEMA["properties"]["energy"]
    assert energy["description"] == "Usable energy."
    assert energy["x-unit"] == "kWh"
    assert energy["anyOf"][0] == {"type": "number", "minimum": 0.0, "maximum": 1000.0}
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize(
    ("energy", "valid"),
    [
        (113, True),
        ("113 kWh", True),
        ({"normal": ["113 kWh", 4], "source": "assumed: cell to cell"}, True),
        ({"value": "113 kWh", "as_of": "2023-08-03", "note": "gross"}, True),
        ({"from_table": "vehicle/packs.csv#alaska"}, True),
        (1001, False),
        (None, False),
        ({"normal": ["113 kWh"]}, False),
        ({"gauss": [113, 4]}, False),
    ],
)
def test_schema_accepts_what_a_file_may_hold(energy, valid):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert validator.is_valid({**PACK, "energy": energy}) is valid


def declared_aliases() -> dict[str, Quantity]:
    return {
        name: alias.__metadata__[0]
        for name, alias in vars(quantities).items()
        if getattr(alias, "__origin__", None) is Scalar and alias is not Scalar
    }


@pytest.mark.parametrize(("name", "quantity"), declared_aliases().items())
def test_every_alias_has_a_known_unit_and_an_ordered_range(name, quantity):
    del name
    assert quantity.low < quantity.high
    assert parse_text(f"2 {quantity.unit}", quantity.unit) == pytest.approx(2.0)


def test_an_unbounded_quantity_has_no_bounds_in_its_schema():
    schema = TypeAdapter(Annotated[Scalar, Quantity("kg")]).json_schema()
    assert schema["anyOf"][0] == {"type": "number"}
