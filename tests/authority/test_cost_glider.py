"""The bottom-up glider on combustion pickups of model year 2022 (EPA fleet, list prices).

The powertrain is priced separately from EPA OMEGA's combustion equations; price = markup x direct
cost. A list price in the fleet is an average over trims of one engine, so an observation is a
distinct price of a family, with its rows' sales-weighted contents. Equipment is not in the data:
the trim level comes from the engine's rank in the family and from named packages, never from the
price. Markup is fitted with three numbers (level, slope in trim, full-size step) on Ford and GM
and scored on the other makers; the glider's own coefficients are not fitted.
"""

import collections
import csv
import runpy
from importlib import resources
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from framerail.cost.combustion_powertrain import (
    CombustionPowertrain,
    CombustionRates,
    combustion_powertrain_cost,
)
from framerail.cost.glider import GliderSize, glider_part_costs, structure_cost

FLEET = Path(__file__).parents[2].parent / "shared" / "facts" / "market" / "us_fleet_my2022.csv"
pytestmark = pytest.mark.skipif(not FLEET.exists(), reason="the facts' fleet table is absent")
READING = runpy.run_path(str(Path(__file__).parents[1] / "cost" / "reading.py"))
DECK = READING["reference_inputs"]().deck

POUND = 0.45359237
FAMILIES = {
    "F150": "F-150",
    "RANGER": "Ranger",
    "MAVERICK": "Maverick",
    "SILVERADO": "GM full-size",
    "SIERRA": "GM full-size",
    "COLORADO": "GM mid-size",
    "CANYON": "GM mid-size",
    "1500": "Ram",
    "GLADIATOR": "Gladiator",
    "RIDGELINE": "Ridgeline",
    "TITAN": "Titan",
    "FRONTIER": "Frontier",
    "TUNDRA": "Tundra",
    "TACOMA": "Tacoma",
}
FULL_SIZE = {"F-150", "GM full-size", "Ram", "Titan", "Tundra"}
GEARS = {"TRX10": 5, "TRX11": 6, "TRX12": 6, "TRX21": 8, "TRX22": 8}
PACKAGES = ("ZR2", "RAPTOR", "TRX", "RUBIC", "TREMOR", "PRO")
UPPER_BRANDS = ("SIERRA", "CANYON")
LABOR_AND_PLANT, INBOUND = 1_450.0, 0.03


def rates() -> CombustionRates:
    file = resources.files("framerail").joinpath("data", "cost", "combustion_powertrain.csv")
    rows = csv.DictReader(file.read_text("utf-8").splitlines())
    return CombustionRates(**{row["name"]: jnp.asarray(float(row["value"])) for row in rows})


def fleet() -> list[dict]:
    lines = FLEET.read_text("utf-8").splitlines()[1:]
    rows = []
    for row in csv.DictReader(lines):
        # conventional powertrains only: hybrids' machines and packs are not in the table
        if row["body_style"] == "pickup_r1nonzev" and row["electrification_class"] == "N":
            row["family"] = next(
                f for k, f in FAMILIES.items() if row["vehicle_name"].startswith(k)
            )
            rows.append(row)
    return rows


def powertrain(row) -> CombustionPowertrain:
    words = row["cost_curve_class"].split("_")
    diesel = "DIESEL" in words
    boosted = bool({"TDS", "TDS11", "MILLER"} & set(words))
    flags = {
        "displacement": float(row["engine_displacement_liters"]),
        "vee": float(row["engine_cylinders"]) >= 6,
        "direct_injection": boosted or "GDI" in words,
        "turbocharged": boosted or diesel,
        "deactivation": "DEAC" in words,
        "diesel": diesel,
        "start_stop": "SS1" in words,
        "gears": next((g for key, g in GEARS.items() if any(w.startswith(key) for w in words)), 8),
        "all_wheel": row["drive_system"] == "AWD",
    }
    return CombustionPowertrain(**{k: jnp.asarray(float(v)) for k, v in flags.items()})


def trim_level(row, horsepower) -> float:
    """0.5 for the family's smallest engine to 1.5 for its largest, more for named packages."""
    low, high = horsepower[row["family"]]
    here = min(float(row["eng_rated_hp"]), high)
    level = 0.5 + ((here - low) / (high - low) if high > low else 0.5)
    level += 1.0 * any(word in row["vehicle_name"] for word in PACKAGES)
    level += 0.4 * any(word in row["vehicle_name"] for word in UPPER_BRANDS)
    return 0.0 if row["family"] == "Maverick" else level


def size(row, horsepower, gross_weights) -> GliderSize:
    numbers = {
        "footprint": float(row["footprint_ft2"]),
        "gross_weight": float(row["gvwr_lbs"] or gross_weights[row["family"]]) * POUND,
        "trim_level": trim_level(row, horsepower),
        "aluminum_share": row["structure_material"] == "aluminum",
        # the Maverick is a unibody; the fleet table says frame
        "ladder_share": row["unibody_structure"] == "0" and row["family"] != "Maverick",
    }
    return GliderSize(**{k: jnp.asarray(float(v)) for k, v in numbers.items()})


@jax.jit
def glider_in_2022(size):
    to_2022 = DECK.prices.index_2022 / DECK.prices.index_2020
    return structure_cost(DECK.glider, size) * to_2022, glider_part_costs(DECK.glider, size)


def describe_rows():
    rows, table = fleet(), rates()
    power, weights = collections.defaultdict(list), collections.defaultdict(list)
    for row in rows:
        power[row["family"]].append(float(row["eng_rated_hp"]))
        if row["gvwr_lbs"]:
            weights[row["family"]].append(float(row["gvwr_lbs"]))
    # a flagship engine (above 450 hp) does not stretch the scale for the others
    horsepower = {f: (min(p), max(x for x in p if x <= 450)) for f, p in power.items()}
    gross = {f: float(np.mean(weights[f])) if weights[f] else 5_500.0 for f in power}
    priced = jax.jit(combustion_powertrain_cost)
    found = []
    for row in rows:
        structure, parts = glider_in_2022(size(row, horsepower, gross))
        found.append(
            {
                "family": row["family"],
                "maker": row["manufacturer_id"],
                "name": row["vehicle_name"],
                "price": float(row["msrp_dollars"]),
                "sales": float(row["sales"]),
                "trim": trim_level(row, horsepower),
                "powertrain": float(priced(table, powertrain(row))),
                "structure": float(structure),
                "parts": np.asarray(parts),
            }
        )
    return found


@pytest.fixture(scope="module")
def rows():
    return describe_rows()


@pytest.fixture(scope="module")
def observations(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["family"], row["price"]].append(row)
    found = []
    for (family, price), members in groups.items():
        weight = np.array([member["sales"] for member in members])
        weight = weight / weight.sum()
        material = [m["powertrain"] + m["structure"] + m["parts"].sum() for m in members]
        found.append(
            {
                "family": family,
                "maker": members[0]["maker"],
                "price": price,
                "trim": float(weight @ [m["trim"] for m in members]),
                "full_size": float(family in FULL_SIZE),
                "cost": float(weight @ material) * (1 + INBOUND) + LABOR_AND_PLANT,
            }
        )
    return found


def predicted(one, markup):
    return one["cost"] * np.exp(
        markup[0] + markup[1] * (one["trim"] - 1) + markup[2] * one["full_size"]
    )


def fitted(train):
    def miss(markup):
        return [np.log(predicted(one, markup) / one["price"]) for one in train]

    return least_squares(miss, [0.4, 0.1, 0.1], loss="soft_l1", f_scale=0.1).x


def errors(some, markup):
    return np.array([predicted(one, markup) / one["price"] - 1 for one in some])


def test_combustion_powertrain_equations_to_the_cent():
    """A turbocharged V6 of 2.7 L, direct injection, 8 gears, four driven wheels, start-stop."""
    numbers = (2.7, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 8.0, 1.0)
    ours = combustion_powertrain_cost(rates(), CombustionPowertrain(*map(jnp.asarray, numbers)))
    engine = 246.87 * 2.7 + 1215 + 319 + 756 + 200
    exhaust = 350 + 277.39 * 2.7
    transmission = 140.11 * 8 + 52.674 + 544.28
    other = 571.45 + 374.53 + 472.76 + 60 + 60.31 + 182.29 + 200
    assert float(ours) == pytest.approx(engine + exhaust + transmission + other, abs=0.005)


def test_the_glider_is_positive_on_every_combustion_pickup(rows):
    assert len(rows) >= 100
    assert all(row["structure"] > 2_500 for row in rows)
    assert all((row["parts"] > 100).all() for row in rows)


def test_price_out_of_sample_from_ford_and_gm_to_the_other_makers(observations):
    calibration = [o for o in observations if o["maker"] in ("Ford", "General Motors")]
    others = [o for o in observations if o["maker"] not in ("Ford", "General Motors")]
    assert len(calibration) >= 20
    assert len(others) >= 12
    miss = np.abs(errors(others, fitted(calibration)))
    assert np.median(miss) <= 0.12


def test_price_leaving_each_maker_out(observations):
    miss = []
    for maker in {one["maker"] for one in observations}:
        train = [one for one in observations if one["maker"] != maker]
        miss.extend(errors([o for o in observations if o["maker"] == maker], fitted(train)))
    assert np.median(np.abs(miss)) <= 0.12


def test_markups_are_those_of_an_industry_that_earns_more_on_full_size_trucks(observations):
    """The regulator's average is 1.5; mid-size below it, full-size above, upper trims more."""
    level, trim, full = fitted(observations)
    assert 1.15 < np.exp(level) < 1.5
    assert np.exp(level + full) > 1.5
    assert trim > 0


def test_prices_do_not_tell_the_gliders_level_from_the_markup(observations, rows):
    """Why `glider.level` keeps its wide spread: 0.7 to 1.3 predict prices about equally well."""
    mean_parts = {o["price"]: 0.0 for o in observations}
    for row in rows:
        mean_parts[row["price"]] = max(mean_parts[row["price"]], row["parts"].sum())
    scores = []
    for factor in (0.7, 1.0, 1.3):
        moved = [
            {**o, "cost": o["cost"] + (factor - 1) * mean_parts[o["price"]] * (1 + INBOUND)}
            for o in observations
        ]
        scores.append(np.median(np.abs(errors(moved, fitted(moved)))))
    assert max(scores) - min(scores) < 0.02


def test_the_regulators_residual_glider_spans_far_more_than_ours(rows):
    """Price / 1.5 less powertrain and structure, as OMEGA does, beside our bottom-up parts."""
    residual = np.array([r["price"] / 1.5 - r["powertrain"] - r["structure"] for r in rows])
    ours = np.array([r["parts"].sum() for r in rows])
    assert residual.min() < 6_000 < 30_000 < residual.max()
    assert 7_000 < ours.min()
    assert ours.max() < 20_000
    assert (residual.max() / residual.min()) > 2.5 * (ours.max() / ours.min())


def test_doubling_footprint_raises_structure_and_parts(rows):
    del rows
    base = {
        "footprint": 55.0,
        "gross_weight": 2_700.0,
        "trim_level": 1.0,
        "aluminum_share": 0.0,
        "ladder_share": 1.0,
    }
    small = GliderSize(**{k: jnp.asarray(v) for k, v in base.items()})
    large = eqx.tree_at(lambda s: s.footprint, small, jnp.asarray(75.0))
    assert all(
        float(jnp.sum(b)) > float(jnp.sum(a))
        for a, b in zip(glider_in_2022(small), glider_in_2022(large), strict=True)
    )
