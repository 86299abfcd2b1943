"""The bottom-up glider on combustion pickups of model year 2022 (EPA fleet, list prices).

The powertrain is priced separately from EPA OMEGA's combustion equations; price = markup x direct
cost. A list price in the fleet is an average over trims of one engine, so an observation is a
distinct price of a family, with its rows' sales-weighted contents. Equipment is not in the data:
the trim level comes from the engine's rank in the family and from named packages, never from the
price. Markup is fitted with three numbers (level, slope in trim, full-size step) on Ford and GM
and scored on the other makers; the glider's own coefficients are not fitted.
"""

import collections
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.optimize import least_squares

from framerail.cost import CostDeck
from framerail.cost.combustion_powertrain import (
    CombustionPowertrain,
    CombustionRates,
    combustion_powertrain_cost,
)
from framerail.cost.glider import GliderSize, glider_part_costs, structure_cost
from framerail.scenario_file import read_rows

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
CALIBRATION = ("Ford", "General Motors")
LABOR_AND_PLANT, INBOUND = 1_450.0, 0.03


def rates() -> CombustionRates:
    """The published coefficients of combustion powertrains."""
    rows = read_rows("cost/combustion_powertrain.csv")
    return CombustionRates(**{row["name"]: jnp.asarray(float(row["value"])) for row in rows})


def fleet() -> list[dict[str, str]]:
    """Combustion pickups with their family; hybrids' machines and packs are not in the table."""
    return [
        {**row, "family": next(f for k, f in FAMILIES.items() if row["vehicle_name"].startswith(k))}
        for row in read_rows("cost/combustion_pickups.csv")
    ]


def powertrain(row: Mapping[str, str]) -> CombustionPowertrain:
    """What a row's engine and gearbox are, from its cost class."""
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


def trim_level(row: Mapping[str, str], horsepower: Mapping[str, tuple[float, float]]) -> float:
    """0.5 for the family's smallest engine to 1.5 for its largest, more for named packages."""
    low, high = horsepower[row["family"]]
    here = min(float(row["eng_rated_hp"]), high)
    level = 0.5 + ((here - low) / (high - low) if high > low else 0.5)
    level += 1.0 * any(word in row["vehicle_name"] for word in PACKAGES)
    level += 0.4 * any(word in row["vehicle_name"] for word in UPPER_BRANDS)
    return 0.0 if row["family"] == "Maverick" else level


def size(
    row: Mapping[str, str],
    horsepower: Mapping[str, tuple[float, float]],
    gross_weights: Mapping[str, float],
) -> GliderSize:
    """Size of a row's glider."""
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
def glider_in_2022(deck: CostDeck, size: GliderSize) -> tuple[Array, Array]:
    """Structure, and parts by group, dollars of 2022."""
    to_2022 = deck.prices.index_2022 / deck.prices.index_2020
    return structure_cost(deck.glider, size) * to_2022, glider_part_costs(deck.glider, size)


def describe_rows(deck: CostDeck) -> list[dict[str, Any]]:
    """Every row with its powertrain, structure and parts."""
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
        structure, parts = glider_in_2022(deck, size(row, horsepower, gross))
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


def observe(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One observation per family and price, contents weighted by sales."""
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


def predicted(one: Mapping[str, Any], markup: np.ndarray) -> float:
    """Price of an observation at a markup (level, slope in trim, full-size step)."""
    return one["cost"] * np.exp(
        markup[0] + markup[1] * (one["trim"] - 1) + markup[2] * one["full_size"]
    )


def fitted(train: list[dict[str, Any]]) -> np.ndarray:
    """The markup that fits some observations, robustly."""

    def miss(markup: np.ndarray) -> list[float]:
        return [np.log(predicted(one, markup) / one["price"]) for one in train]

    return least_squares(miss, [0.4, 0.1, 0.1], loss="soft_l1", f_scale=0.1).x


def errors(some: list[dict[str, Any]], markup: np.ndarray) -> np.ndarray:
    """Relative errors of the prices."""
    return np.array([predicted(one, markup) / one["price"] - 1 for one in some])


def out_of_sample(observations: list[dict[str, Any]]) -> np.ndarray:
    """Errors on the makers beside Ford and GM of a markup fitted on those two."""
    known = [one for one in observations if one["maker"] in CALIBRATION]
    others = [one for one in observations if one["maker"] not in CALIBRATION]
    return errors(others, fitted(known))


def price_residual(rows: list[dict[str, Any]]) -> np.ndarray:
    """The regulator's way to a glider: price / 1.5 less powertrain and structure, dollars."""
    return np.array([r["price"] / 1.5 - r["powertrain"] - r["structure"] for r in rows])
