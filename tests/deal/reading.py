"""The reference case's deal inputs for tests, read without the other stages, and a program."""

import tomllib
from importlib import resources

import jax.numpy as jnp
import pydantic

from framerail.deal import DealInputs, Outside, PartnerFlows, SharedProgram
from framerail.distributions import DISTRIBUTIONS
from framerail.numerics.calendar import fraction_after, quarter_grid, spread
from framerail.quantities import Uncertain

RECORDS = {"source", "as_of", "note"}


def _toml(*path):
    return tomllib.loads(resources.files("framerail").joinpath(*path).read_text("utf-8"))


def merged(base, over):
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        leaf = both and (set(value) & {"value", *DISTRIBUTIONS})
        out[key] = merged(out[key], value) if both and not leaf else value
    return out


def plain(node):
    if not isinstance(node, dict):
        return node
    if "value" in node:
        return node["value"]
    kind = next((key for key in node if key in DISTRIBUTIONS), None)
    if kind is not None:
        return Uncertain(kind, {kind: node[kind]})
    return {key: plain(entry) for key, entry in node.items() if key not in RECORDS}


def raw_deal(*variants):
    raw = _toml("scenarios", "parts", "deal.toml")["deal"]
    for name in variants:
        raw = merged(raw, _toml("scenarios", "parts", f"{name}.toml")["deal"])
    catalog = _toml("data", "deal", "companies.toml")
    for side, entry in raw["partners"].items():
        raw["partners"][side] = merged(catalog[entry.pop("use")], entry)
    return raw


def reference_inputs(*variants) -> DealInputs:
    return pydantic.TypeAdapter(DealInputs).validate_python(plain(raw_deal(*variants)))


GRID = quarter_grid(2024.0, 14)
NOTHING = Outside(incumbent=jnp.zeros(()), start_up=jnp.zeros(()))


def program(grid=GRID, margin=5_500.0, scale=1.0) -> PartnerFlows:
    """A round program: 32,000 + 20,000 trucks a year at full rate from mid-2026."""
    start = jnp.asarray(2026.5)
    rate = scale * jnp.clip((grid.middle - start) / 2, 0.0, 1.0) * fraction_after(start, grid)
    own, partner = 8_000.0 * rate, 5_000.0 * rate
    engineering = spread(jnp.asarray(350e6), jnp.asarray(2024.25), start, grid)
    investment = spread(jnp.asarray(450e6), jnp.asarray(2024.75), start, grid)
    build = 42_000.0 * partner
    return PartnerFlows(
        program=SharedProgram(
            incumbent_units=own,
            start_up_units=partner,
            build_cost=build,
            start_up_engineering=engineering,
            incumbent_investment=investment,
            start_of_production=start,
        ),
        incumbent=margin * own - build - investment,
        start_up=46_000.0 * partner - engineering,
        incumbent_alone=(margin - 500.0) * own - investment - 0.3 * engineering,
        incumbent_discount=jnp.exp(-0.09 * (grid.middle - 2024.0)),
        start_up_discount=jnp.exp(-0.16 * (grid.middle - 2024.0)),
        others_discount=jnp.exp(-0.09 * (grid.middle - 2024.0)),
    )
