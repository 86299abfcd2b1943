import copy
import csv
import runpy
from importlib import resources
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import pytest

from framerail.market import product_table

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))


def test_reference_market_is_complete_and_without_faults():
    inputs = READING["reference_inputs"]()
    assert inputs.faults() == ()
    assert all(product.faults() == () for product in inputs.products.values())
    expected = {"alaska-rwd", "alaska-awd", "nissan-rwd", "nissan-awd", "f-150", "lightning-er"}
    expected |= {"silverado-ev", "r1t", "cybertruck", "leaf", "ariya", "frontier", "titan"}
    assert expected <= set(inputs.products)


def _leaves(node, source, place=""):
    """Every leaf of the fragment with the source that holds for it."""
    if isinstance(node, dict):
        source = node.get("source", source)
        if "value" in node or (len(set(node) - {"source"}) == 1 and place.count(".") > 1):
            inner = next(v for k, v in node.items() if k != "source")
            if not isinstance(inner, dict):
                yield place, source
                return
        for key, entry in node.items():
            if key != "source":
                yield from _leaves(entry, source, f"{place}.{key}")
    else:
        yield place, source


def test_every_leaf_has_a_source():
    bare = [place for place, source in _leaves(READING["raw_market"](), None) if not source]
    assert bare == []


def test_table_follows_sorted_names_and_one_hot_firms():
    inputs = READING["reference_inputs"]()
    table = product_table(inputs.products)
    assert table.names == tuple(sorted(inputs.products))
    assert bool(jnp.all(table.firm.sum(axis=1) == 1))
    assert table.firms[int(table.firm[table.index("leaf")].argmax())] == "Nissan"
    assert float(table.pickup[table.index("leaf")]) == 0


def test_replaced_touches_one_product_only():
    table = product_table(READING["reference_inputs"]().products)
    longer = table.replaced("alaska-awd", range=jnp.asarray(333.0), launch=jnp.asarray(2027.0))
    place = table.index("alaska-awd")
    assert float(longer.range[place]) == 333.0
    assert float(longer.launch[place]) == 2027.0
    others = jnp.arange(len(table.names)) != place
    assert bool(jnp.all((longer.range == table.range) | ~others))


def test_contradictions_are_named():
    inputs = READING["reference_inputs"]()
    crowded = eqx.tree_at(lambda tree: tree.market_size, inputs, jnp.asarray(1e6))
    assert any("no outside good" in fault for fault in crowded.faults())
    raw = copy.deepcopy(READING["raw_market"]())
    del raw["rivals"]["scout"], raw["brands"]["Fisker"]
    faults = READING["reference_inputs"](raw).faults()
    assert any("add rivals.scout" in fault for fault in faults)
    assert any("add brands.Fisker" in fault for fault in faults)
    raw["products"]["r1t"]["sales"] = 0
    raw["products"]["r1t"]["range"] = 0
    product = READING["reference_inputs"](raw).products["r1t"]
    assert len(product.faults()) == 2


def test_data_table_agrees_with_the_scenario():
    file = resources.files("framerail").joinpath("data", "market", "products.csv")
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    products = READING["reference_inputs"]().products
    assert {row["product"] for row in rows} == set(products)
    for row in rows:
        assert row["source"]
        assert row["as_of"] <= "2024-03-01"
        product = products[row["product"]]
        assert float(row["range_mi"]) == float(product.range)
        # A point value is a median, the table's a mode: they differ by the skew at most.
        assert float(row["price_usd"]) == pytest.approx(float(product.price), rel=0.03)


def test_sales_history_adds_up():
    file = resources.files("framerail").joinpath("data", "market", "sales.csv")
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    keys = [(row["product"], row["year"]) for row in rows]
    assert len(keys) == len(set(keys))
    for row in rows:
        assert float(row["low"]) <= float(row["units"]) <= float(row["high"])
        assert row["as_of"] >= f"{row['year']}-12"
