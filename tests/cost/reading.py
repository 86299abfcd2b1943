"""The reference case's cost inputs for tests, read without the other stages."""

import tomllib
from importlib import resources

import jax.numpy as jnp
import pydantic

from framerail.cost import CostCircumstances, CostInputs, price_level
from framerail.distributions import DISTRIBUTIONS
from framerail.quantities import Uncertain

INFLATION = jnp.asarray(0.023)
"""The program's, in a scenario."""


def _plain(node):
    if not isinstance(node, dict):
        return node
    if "value" in node:
        return node["value"]
    kind = next((key for key in node if key in DISTRIBUTIONS), None)
    if kind is not None:
        return Uncertain(kind, node)
    return {key: _plain(entry) for key, entry in node.items() if key != "source"}


def raw_cost() -> dict:
    file = resources.files("framerail").joinpath("scenarios", "parts", "cost.toml")
    raw = tomllib.loads(file.read_text("utf-8"))["cost"]
    return raw


def reference_inputs() -> CostInputs:
    return pydantic.TypeAdapter(CostInputs).validate_python(_plain(raw_cost()))


def circumstances(
    inputs, year=2026.0, platform=20_000.0, top_hat=None, annual=40_000.0, credit=45.0
) -> CostCircumstances:
    """A model year's circumstances; half of the platform's trucks are the brand's own."""
    own = platform / 2 if top_hat is None else top_hat
    numbers = {
        "model_year": year,
        "platform_cumulative": platform,
        "top_hat_cumulative": own,
        "platform_annual": annual,
        "top_hat_annual": annual / 2,
        "labor_hours": 28.0,
        "wage": 48.0,
        "electricity_price": 0.07,
        "gas_price": 0.6,
        "inbound_distance": 500.0,
        "pack_distance": 500.0,
        "haul_distance": 1_000.0,
        "credit_per_kwh": credit,
    }
    scalars = {name: jnp.asarray(float(value)) for name, value in numbers.items()}
    return CostCircumstances(**scalars, price_level=price_level(INFLATION, scalars["model_year"]))
