"""A study by name: what a report reads, with the axes of the headline figures spelled out."""

import dataclasses

import numpy as np

from framerail.deal import PARTIES
from framerail.market import product_table
from framerail.program import CashFlow
from framerail.scenario import Scenario
from framerail.studies import MonteCarlo, Study

START_UP, INCUMBENT = 0, 1
"""Places of the partners in program figures; `PARTIES` orders the deal's figures otherwise."""


@dataclasses.dataclass(frozen=True)
class View:
    """Names and usable draws of a study.

    `partners` are the companies' names in the order of program figures, `parties` those of the
    deal's figures, with the partners' roles replaced by their names.
    """

    study: Study
    partners: tuple[str, str]
    parties: tuple[str, ...]
    trucks: tuple[str, ...]
    products: tuple[str, ...]
    years: np.ndarray
    quarters: np.ndarray

    @property
    def scenario(self) -> Scenario:
        """The scenario studied."""
        return self.study.scenario

    @property
    def names(self) -> dict[str, str]:
        """Words of paths that stand for a company."""
        return {
            "start_up": self.partners[START_UP],
            "incumbent": self.partners[INCUMBENT],
            self.partners[START_UP].lower(): self.partners[START_UP],
            self.partners[INCUMBENT].lower(): self.partners[INCUMBENT],
        }

    @property
    def start_of_production(self) -> float:
        """Date of the first truck at the medians, decimal year."""
        return float(self.study.point.schedule.start_of_production)

    @property
    def best_year(self) -> int:
        """Place of the model year with the largest output at the medians."""
        return int(np.argmax(np.asarray(self.study.headline.output).sum(axis=1)))

    @property
    def cash(self) -> tuple[CashFlow, CashFlow]:
        """Cash flows at the medians in the order of `partners`."""
        return self.study.point.start_up.cash, self.study.point.incumbent.cash

    def of(self, name: str) -> np.ndarray:
        """A headline figure over the usable draws; the first axis is the draw."""
        return usable(self.study.draws, name)

    def party(self, role: str) -> int:
        """Place of "incumbent", "start-up", "creditors" ... in the deal's figures."""
        return PARTIES.index(role)  # pyright: ignore[reportArgumentType]

    def gain(self, role: str, *, realized: bool = False) -> np.ndarray:
        """A party's gain over the usable draws, dollars."""
        return self.of("realized_gain" if realized else "gain")[:, self.party(role)]

    def seller(self, product: str) -> str:
        """Firm that sells a product."""
        return self.scenario.market.products[product].firm


def usable(draws: MonteCarlo, name: str) -> np.ndarray:
    """A headline figure over the usable draws of a Monte Carlo."""
    return np.asarray(getattr(draws.outputs, name))[draws.valid]


def view(study: Study) -> View:
    """Names of everything that a study's arrays are over."""
    scenario = study.scenario
    partners = scenario.deal.partners
    companies = {"start-up": partners.start_up.name, "incumbent": partners.incumbent.name}
    return View(
        study=study,
        partners=(partners.start_up.name, partners.incumbent.name),
        parties=tuple(companies.get(party, party) for party in PARTIES),
        trucks=study.point.trucks.names,
        products=product_table(scenario.market.products).names,
        years=np.asarray(scenario.model_year),
        quarters=np.asarray(scenario.start_of_quarter),
    )


UNITS: dict[str, str] = {
    "range_miles": "mile",
    "consumption": "kWh/mile",
    "zero_to_sixty": "s",
    "unit_cost": "dollar/truck",
    "price": "dollar/truck",
    "real_unit_cost": "dollar/truck",
    "real_price": "dollar/truck",
    "output": "truck/year",
    "demand": "truck/year",
    "taken": "truck/year",
    "program_npv": "dollar",
    "program_irr": "1/year",
    "has_irr": "dimensionless",
    "payback": "year",
    "peak_funding": "dollar",
    "free_cash_flow": "dollar/quarter",
    "line_up_change": "dollar",
    "gain": "dollar",
    "realized_gain": "dollar",
    "joint_gain": "dollar",
    "loss_if_default": "dollar",
    "default_with": "dimensionless",
    "default_without": "dimensionless",
    "default_before_production": "dimensionless",
    "default_before_production_without": "dimensionless",
    "runway_with": "quarter",
    "runway_without": "quarter",
    "cheque": "dollar",
    "plant_utilization": "dimensionless",
    "fatal": "dimensionless",
}
"""Unit of every headline figure but `audit` and `outcome`."""


def axis_names(view: View, name: str) -> list[tuple[str, ...]]:
    """Names along each axis of a headline figure after the draw's."""
    years = tuple(f"{year:.0f}" for year in view.years)
    quarters = tuple(f"{quarter:.2f}" for quarter in view.quarters)
    by_axes: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {
        (view.trucks,): (
            "range_miles",
            "consumption",
            "zero_to_sixty",
            "unit_cost",
            "price",
            "real_unit_cost",
            "real_price",
        ),
        (years, view.trucks): ("output", "demand"),
        (view.products,): ("taken",),
        (view.partners,): ("program_npv", "program_irr", "has_irr", "payback", "peak_funding"),
        (view.parties,): ("gain", "realized_gain"),
        (view.partners, quarters): ("free_cash_flow",),
        (quarters,): ("default_with", "default_without"),
    }
    return next((list(axes) for axes, names in by_axes.items() if name in names), [])
