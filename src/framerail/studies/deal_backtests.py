"""Deals whose outcome is known, forecast from what was public on their date.

Sixteen deals; the panel of start-ups (`startup_panel`) is the seventeenth case. A forecast sees
the rows of its own case that were public at its date, and the outcomes of other partnerships; it
never sees the outcome of its own. Two things that the papers of the day say split the cases:
whether payment still hangs on an open condition, and whether the terms name a volume. A weaker
partner's survival comes from its cash and spending through the panel's calibration without it.
Sixteen cases cannot rank close models: the scores are compared with the base rate and no further.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from framerail.scenario_file import read_table
from framerail.studies.startup_panel import Observation, calibrate_panel, labeled_panel

QUESTIONS: dict[str, tuple[float, ...]] = {
    "performed": (0.5,),
    "survived": (0.5,),
    "funded_share": (0.01, 0.9),
    "volume_ratio": (0.01, 0.5),
}
"""What is asked, with the edges of its classes: no or yes; none, part, all; none, under, over half
of the plan."""

OPEN_CONDITION = ("ask_musd_min", "long_stop", "commitment_max", "total_max", "condition")
"""Beginnings of facts that say that payment still hangs on something."""
VOLUME_IN_TERMS = ("capacity", "volume_", "units_plan", "plan_units", "cordoba_capacity")
"""Beginnings of facts that say that the terms name a volume."""

_CASH = re.compile(r"(.+_)?cash_(total|q\d_\d{4})_musd")

_SPLIT = {
    "performed": OPEN_CONDITION,
    "funded_share": OPEN_CONDITION,
    "volume_ratio": VOLUME_IN_TERMS,
}
_WEIGHT = 2.0
"""Cases that the base rate counts for within a group."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One deal as seen on its date: facts by name, nothing that became public later."""

    name: str
    deal: str
    weaker: str
    as_of: Any
    facts: Mapping[str, str]

    def says(self, beginnings: Sequence[str]) -> bool:
        """Whether a fact with one of these beginnings was public."""
        return any(fact.startswith(tuple(beginnings)) for fact in self.facts)

    def number(self, fact: str) -> float | None:
        """A fact as a number; None where it was not public."""
        return float(self.facts[fact]) if fact in self.facts else None


@dataclasses.dataclass(frozen=True)
class Forecast:
    """Probabilities of one question's classes, beside the base rate and what came.

    `low` and `high` are the 90 % interval of the last class's probability that the number of cases
    behind it leaves.
    """

    case: str
    question: str
    chance: tuple[float, ...]
    base: tuple[float, ...]
    low: float
    high: float
    outcome: int

    @property
    def log_score(self) -> float:
        """Logarithm of the probability given to what came."""
        return float(np.log(self.chance[self.outcome]))

    @property
    def base_log_score(self) -> float:
        """The same of the base rate."""
        return float(np.log(self.base[self.outcome]))


def read_cases(table: Any) -> list[Case]:
    """Cases from a table of dated facts; a row that became public after its case is dropped."""
    public = pd.to_datetime(table["public_on"]) <= pd.to_datetime(table["as_of"])
    known = table[public].fillna({"weaker_partner": ""})
    return [
        Case(str(name), str(rows["deal"].iloc[0]), str(rows["weaker_partner"].iloc[0]),
             pd.Timestamp(rows["as_of"].iloc[0]),
             {str(k): str(v) for k, v in zip(rows["fact"], rows["value"], strict=True)})
        for name, rows in known.groupby("case")
    ]  # fmt: skip


def forecast_all(
    cases: Sequence[Case], labels: Any, panel: Sequence[Observation]
) -> list[Forecast]:
    """Every question of every case that has an outcome."""
    by_name = {case.name: case for case in cases}
    found = []
    for question, edges in QUESTIONS.items():
        asked = labels[labels["fact"] == question]
        outcome = {
            str(name): int(np.searchsorted(edges, float(value)))
            for name, value in zip(asked["case"], asked["value"], strict=True)
        }
        for name in sorted(outcome):
            others = {
                other: outcome[other]
                for other in outcome
                if by_name[other].deal != by_name[name].deal
            }
            found.append(_forecast(question, by_name[name], by_name, others, outcome[name], panel))
    return found


def _forecast(
    question: str,
    case: Case,
    cases: Mapping[str, Case],
    others: Mapping[str, int],
    outcome: int,
    panel: Sequence[Observation],
) -> Forecast:
    classes = len(QUESTIONS[question]) + 1
    base = _frequency(
        list(others.values()), classes, np.full(classes, 1.0 / classes), float(classes)
    )
    alike = list(others.values())
    if question in _SPLIT:
        side = case.says(_SPLIT[question])
        alike = [others[o] for o in others if cases[o].says(_SPLIT[question]) == side]
    chance = _frequency(alike, classes, base, _WEIGHT)
    runway = naive_runway(case, panel)
    if question == "survived" and runway is not None:
        model = calibrate_panel([o for o in panel if o.company != case.weaker])
        files = float(model.probability(np.array([runway]))[0])
        chance = np.array([files, 1.0 - files])
    draws = np.random.default_rng(16).dirichlet(chance * (len(alike) + _WEIGHT), size=4_000)
    low, high = np.quantile(draws[:, -1], [0.05, 0.95])
    return Forecast(
        case.name,
        question,
        tuple(map(float, chance)),
        tuple(map(float, base)),
        float(low),
        float(high),
        outcome,
    )


def _frequency(seen: Sequence[int], classes: int, prior: Any, weight: float) -> Any:
    """Frequencies drawn to `prior` as if that were `weight` cases."""
    counts = np.bincount(np.asarray(seen, int), minlength=classes)
    return (counts + weight * prior) / (len(seen) + weight)


def naive_runway(case: Case, panel: Sequence[Observation]) -> float | None:
    """Months of cash: the case's own cash and yearly spending, else the panel's last spending
    that was public by then; None where nothing was."""
    cash = case.number("cash_unrestricted_musd")
    if cash is None:
        stated = next((k for k in sorted(case.facts) if _CASH.fullmatch(k)), None)
        if stated is None:
            return None
        cash = (case.number(stated) or 0.0) - (case.number("cash_restricted_musd") or 0.0)
    burn = case.number("fy_burn_musd")
    if burn is not None:
        return cash / (-burn / 12.0)
    earlier = [o for o in panel if o.company == case.weaker and o.as_of <= case.as_of]
    return cash / max(earlier, key=lambda o: o.as_of).burn if earlier else None


def backtest() -> list[Forecast]:
    """Forecasts of the bundled cases."""
    cases = read_cases(read_table("deal/backtest_inputs.csv"))
    return forecast_all(cases, read_table("deal/backtest_labels.csv"), labeled_panel())


def scores(forecasts: Sequence[Forecast]) -> dict[str, tuple[int, float, float]]:
    """By question: cases, mean log score, mean log score of the base rate."""
    found = {}
    for question in QUESTIONS:
        asked = [f for f in forecasts if f.question == question]
        mine, base = ([f.log_score for f in asked], [f.base_log_score for f in asked])
        found[question] = (len(asked), float(np.mean(mine)), float(np.mean(base)))
    return found
