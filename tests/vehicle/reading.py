"""The reference case's designs, the defaults and the cycles for tests, without other stages."""

import csv
import tomllib
from importlib import resources

import jax
import jax.numpy as jnp
import pydantic

from framerail.distributions import DISTRIBUTIONS
from framerail.quantities import Uncertain
from framerail.vehicle import (
    Conditions,
    LabelCycles,
    SpecificationDefaults,
    VehicleInputs,
    design_from_specification,
    drive_cycle,
    specification,
)

MILE_PER_HOUR = 0.44704
FILES = resources.files("framerail")


def _plain(node):
    if not isinstance(node, dict):
        return node
    if "value" in node:
        return node["value"]
    for kind in DISTRIBUTIONS:
        if kind in node:
            return Uncertain(kind, {kind: node[kind]})
    return {key: _plain(value) for key, value in node.items() if key not in ("source", "as_of")}


def _filled(kind, table):
    return pydantic.TypeAdapter(kind).validate_python(_plain(table))


def reference():
    text = FILES.joinpath("scenarios", "parts", "vehicle.toml").read_text("utf-8")
    return _filled(VehicleInputs, tomllib.loads(text)["vehicle"])


def defaults():
    text = FILES.joinpath("data", "vehicle", "defaults.toml").read_text("utf-8")
    return _filled(SpecificationDefaults, tomllib.loads(text))


def catalog():
    text = FILES.joinpath("data", "vehicle", "trucks.csv").read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def cycle(name):
    text = FILES.joinpath("data", "vehicle", "cycles", f"{name}.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return drive_cycle([float(row["speed_mph"]) * MILE_PER_HOUR for row in rows])


def label_cycles():
    return LabelCycles(city=cycle("udds"), highway=cycle("hwfet"))


def conditions(state_of_charge=0.5):
    values = (293.15, 98_210.0, 0.0, 0.9, state_of_charge)
    return Conditions(*(jnp.asarray(value, jnp.float64) for value in values))


def designs(rows):
    return jax.vmap(design_from_specification, in_axes=(0, None))(specification(rows), defaults())


def stack(items):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *items)


def item(tree, index):
    return jax.tree.map(lambda leaf: leaf[index], tree)
