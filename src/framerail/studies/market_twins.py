"""One platform under two badges: what the market says, beside Navara, X-Class and Alaskan.

Nissan built Mercedes' X-Class and Renault's Alaskan on the Navara, in the Navara's plant, from the
end of 2017. The record is three years of sales (deal_comps: inovev, wardsauto): 142,479 Navara,
20,621 X-Class and 4,217 Alaskan in 2017-19; all three together 61,000, 59,000 and 47,000 a year.
It is a before and after, with all else that happened to pickups in Europe, and the X-Class asked
some EUR 16,000 more than the Navara; so the rows have no bar.
"""

import jax.numpy as jnp

from framerail.market import product_table
from framerail.scenario_file import read_scenario
from framerail.studies.market_responses import entrant_sales
from framerail.studies.vehicle_use_cases import ValidationRow

SOLD = {"navara": 142_479.0, "x-class": 20_621.0, "alaskan": 4_217.0}
"""Trucks of 2017-19."""
TOGETHER = (61_000.0, 59_000.0, 47_000.0)
"""Trucks of all three badges by year, 2017 to 2019."""


def twins_check() -> tuple[ValidationRow, ...]:
    """The start-up's badge beside the incumbent's, and the platform with one badge or two."""
    scenario = read_scenario("nissan-fisker")
    table, nodes = product_table(scenario.market.products), scenario.buyer_nodes
    second = jnp.asarray([float(brand == "Fisker") for brand in table.brands]) * table.entrant
    first = table.entrant - second
    # The second year of the two is the one in which both badges are past their launch.
    both = entrant_sales(scenario, nodes, jnp.ones_like(first))[0]
    alone = entrant_sales(scenario, nodes, 1 - second)[0]
    frontier = table.index("frontier")
    observed = (SOLD["x-class"] + SOLD["alaskan"]) / SOLD["navara"]
    lost = 1 - (both @ first) / (alone @ first)
    platform = (both @ table.entrant) / (alone @ first)
    others = 1 - both[frontier] / alone[frontier]
    return tuple(
        ValidationRow(what, "share", float(value), seen)
        for what, value, seen in (
            ("second badge's sales over the first's", (both @ second) / (both @ first), observed),
            ("platform with both over the first alone", platform, TOGETHER[1] / TOGETHER[0]),
            ("part of the first badge's sales that the second takes", lost, float("nan")),
            ("part of the Frontier's sales that the second badge takes", others, float("nan")),
        )
    )
