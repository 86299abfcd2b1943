"""Our own estimate of the worked 75 kWh rear-drive truck, with its spread, and where it differs.

At the publishers' volumes, in 2026, in dollars of 2022: manufacturing cost without outbound
freight, warranty and recalls, which the published check does not hold either.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from framerail.cost import ELEMENTS, CostCircumstances, price_level, unit_cost
from framerail.scenario import leaf_paths
from framerail.scenario_file import read_scenario
from framerail.studies.published_costs import WORKED_OTHER, WORKED_STRUCTURE

DRAWS, SEED = 256, 5
BEYOND = ("outbound_freight", "warranty", "recalls")
"""Elements that the worked check leaves out."""
GROUPS = {
    "pack": (("pack",), 8_097.0),
    "drive": (("machines", "inverters", "gearboxes"), 1_900.0),
    "charging, harness, thermal": (
        (
            "charger",
            "charge_cord",
            "low_voltage_battery",
            "high_voltage_harness",
            "low_voltage_harness",
            "coolant_circuit",
            "hvac",
        ),
        2_367.0,
    ),
    "structure": (("structure",), WORKED_STRUCTURE),
}
"""Groups of the worked check: our elements and its dollars; all other elements are the rest."""


@dataclasses.dataclass(frozen=True)
class OwnEstimate:
    """Draws of the truck's cost, dollars of 2022."""

    by_element: np.ndarray
    """Draws by `ELEMENTS`."""

    @property
    def total(self) -> np.ndarray:
        """What the worked check holds, summed, by draw."""
        kept = [k for k, name in enumerate(ELEMENTS) if name not in BEYOND]
        return self.by_element[:, kept].sum(axis=1)

    @property
    def by_group(self) -> list[tuple[str, float, float]]:
        """Our median beside the worked check's figure, by group."""
        place = {name: k for k, name in enumerate(ELEMENTS)}
        rest = set(ELEMENTS) - set(BEYOND)
        found = []
        for group, (names, worked) in GROUPS.items():
            rest -= set(names)
            ours = self.by_element[:, [place[name] for name in names]].sum(axis=1)
            found.append((group, float(np.median(ours)), worked))
        ours = self.by_element[:, [place[name] for name in sorted(rest)]].sum(axis=1)
        found.append(("other glider, labor, plant", float(np.median(ours)), WORKED_OTHER))
        return found


def own_estimate(draws: int = DRAWS) -> OwnEstimate:
    """Draw every uncertain input of cost, and of Canton's rates at their medians."""
    scenario = read_scenario("nissan-fisker")
    cost, site, level = scenario.cost, scenario.plant.sites["canton"], scenario.program.inflation
    leaves, shape = jax.tree.flatten(cost)
    places = [path for path in leaf_paths(scenario) if path.startswith("cost.")]
    source = np.random.default_rng(SEED)
    table = np.tile([float(leaf) for leaf in leaves], (draws, 1))
    for leaf in scenario.uncertainty:
        if leaf.path in places:
            column = leaf.distribution.quantile(source.uniform(size=draws))
            table[:, places.index(leaf.path)] = column

    @jax.jit
    @jax.vmap
    def elements(row: jax.Array) -> jax.Array:
        here = jax.tree.unflatten(shape, list(row))
        deck, year = here.deck, jnp.asarray(2026.0)
        prices = price_level(level, year)
        circumstances = CostCircumstances(
            model_year=year,
            platform_cumulative=deck.learning.reference_volume,
            top_hat_cumulative=deck.learning.reference_volume,
            platform_annual=deck.learning.reference_annual,
            top_hat_annual=deck.learning.reference_annual,
            labor_hours=site.labor_hours,
            wage=site.wage * prices,
            electricity_price=site.electricity_price * prices,
            gas_price=site.gas_price * prices,
            inbound_distance=site.inbound_distance,
            pack_distance=site.pack_distance,
            haul_distance=here.haul_distance["canton"],
            price_level=prices,
            credit_per_kwh=jnp.asarray(0.0),
        )
        found = unit_cost(deck, here.contents["alaska-rwd"], circumstances)
        return found.by_element / (deck.prices.index_2023 / deck.prices.index_2022 * prices)

    return OwnEstimate(np.asarray(elements(jnp.asarray(table))))
