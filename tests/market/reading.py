"""The reference case's market inputs for tests, read without the other stages."""

import tomllib
from importlib import resources

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pydantic
from scipy.stats import qmc

from framerail.distributions import DISTRIBUTIONS
from framerail.market import (
    NODE_DIMENSION,
    Buyers,
    MarketInputs,
    Offers,
    Ownership,
    calibrate,
    draw_buyers,
    ownership_of,
    product_table,
    traits,
)
from framerail.quantities import Uncertain


def _plain(node):
    if not isinstance(node, dict):
        return node
    if "value" in node:
        return node["value"]
    kind = next((key for key in node if key in DISTRIBUTIONS), None)
    if kind is not None:
        return Uncertain(kind, node)
    return {key: _plain(entry) for key, entry in node.items() if key != "source"}


def raw_market() -> dict:
    file = resources.files("framerail").joinpath("scenarios", "parts", "market.toml")
    raw = tomllib.loads(file.read_text("utf-8"))["market"]
    return raw


def reference_inputs(raw=None) -> MarketInputs:
    plain = _plain(raw_market() if raw is None else raw)
    return pydantic.TypeAdapter(MarketInputs).validate_python(plain)


def nodes(count, seed=0):
    return jnp.asarray(qmc.Sobol(NODE_DIMENSION, rng=np.random.default_rng(seed)).random(count))


def calibrated(inputs=None, count=256, seed=0):
    """Inputs, table, buyers, ownership and calibration of the reference case."""
    inputs = reference_inputs() if inputs is None else inputs
    table = product_table(inputs.products)
    buyers = draw_buyers(inputs.preferences, nodes(count, seed))
    ownership = ownership_of(table)
    return inputs, table, buyers, ownership, calibrate(inputs, table, buyers, ownership)


def offers_of_calibration_year(inputs, table, calibration, credit=None) -> Offers:
    """The calibration year's own market: observed products at their credits."""
    given = inputs.credit_take_up * table.credit if credit is None else credit
    return Offers(
        quality=calibration.quality,
        traits=traits(table, inputs.preferences),
        marginal_cost=calibration.marginal_cost,
        credit=given,
        availability=table.observed,
        fixed_price=table.fixed_price,
        start_price=table.price,
        market_size=inputs.market_size,
        price_level=jnp.ones(()),
    )


def plain_buyers(sensitivity=1e-4, traits_=1) -> Buyers:
    """One buyer: a plain logit."""
    return Buyers(
        weight=jnp.ones(1),
        sensitivity=jnp.full(1, sensitivity),
        taste=jnp.zeros((1, traits_)),
    )


def small_market(seed, products=8, firms=3, buyers=40, partial=False):
    """A random market: buyers, offers, ownership."""
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(firms), rng.integers(0, firms, products - firms)])
    control = np.eye(firms)[owner]
    cash = control.copy()
    if partial:
        part = rng.uniform(0.3, 1.0, products)
        cash = control * part[:, None]
        cash[np.arange(products), (owner + 1) % firms] += (1 - part) * rng.uniform(size=products)
    population = Buyers(
        weight=jnp.asarray(rng.dirichlet(np.full(buyers, 20.0))),
        sensitivity=jnp.asarray(1e-4 * np.exp(0.25 * rng.standard_normal(buyers))),
        taste=jnp.asarray(rng.standard_normal((buyers, 2)) * [2.0, 1.0]),
    )
    cost = rng.uniform(25_000, 60_000, products)
    offers = Offers(
        quality=jnp.asarray(1e-4 * cost + rng.normal(0.0, 0.7, products)),
        traits=jnp.asarray(rng.integers(0, 2, (products, 2)).astype(float)),
        marginal_cost=jnp.asarray(cost),
        credit=jnp.asarray(rng.choice([0.0, 7_500.0], products)),
        availability=jnp.ones(products),
        fixed_price=jnp.zeros(products),
        start_price=jnp.asarray(cost * 1.3),
        market_size=jnp.asarray(1e6),
        price_level=jnp.ones(()),
    )
    return population, offers, Ownership(jnp.asarray(control), jnp.asarray(cash))


def changed(offers: Offers, **columns) -> Offers:
    """The same offers with some columns replaced."""
    keys = tuple(columns)
    return eqx.tree_at(
        lambda tree: [getattr(tree, key) for key in keys],
        offers,
        [columns[key] for key in keys],
    )
