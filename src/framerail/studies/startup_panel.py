"""Who files within a year: the start-ups panel, calibrated with one company left out at a time.

A forecast is the mean of two: the base rate of the other companies, and the probability that cash
falls to nothing within twelve months (first passage of a Brownian motion, as in the deal stage),
where the market lends `access` months of spending and pays a share of what is spent after that.
The equal weights are those of forecast combination where the sample cannot tell better ones
(Bates and Granger 1969). Seven companies, four of them filed, all between 2023 and 2025, and
several forms of the model were looked at: the scores say that the forecast is not worse than the
base rate, hardly more.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import norm

from framerail.scenario_file import read_table

MONTHS = {"quarter": 3, "half year": 6, "nine months": 9, "year": 12}
HORIZON = 12.0
"""Months ahead."""
_STALE = 400
"""Days after which a company's spending is no longer taken as its present one."""
_LOW, _HIGH = 1e-3, 1.0 - 1e-3
# Weak normal priors on (log access months, logit share financed, log volatility in months).
_PRIOR_MEAN, _PRIOR_WEIGHT = np.array([1.0, 0.0, 1.0]), 0.01
_STARTS = ((1.0, 0.0, 1.0), (2.0, 1.0, 2.0), (2.0, -1.0, 1.0))


@dataclasses.dataclass(frozen=True)
class Observation:
    """A company on the day of a release: what was known, and what came.

    `cash` in million dollars (unrestricted where given), `burn` in million dollars a month,
    `filed` whether it filed within twelve months of `as_of`; None where that is not known yet.
    """

    company: str
    as_of: Any
    cash: float
    burn: float
    filed: bool | None

    @property
    def runway(self) -> float:
        """Naive runway: months of cash at the present spending."""
        return self.cash / self.burn


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What was estimated: months of spending that the market lends, the share of spending that it
    pays afterwards, volatility in months of spending per square root of a month, base rate."""

    access: float
    financed: float
    volatility: float
    base_rate: float

    def probability(self, runway: np.ndarray) -> np.ndarray:
        """Probability of filing within twelve months."""
        structural = first_passage(runway, self.access, self.financed, self.volatility)
        return 0.5 * (structural + self.base_rate)


@dataclasses.dataclass(frozen=True)
class PanelScore:
    """Brier scores over all observations, each forecast by a model that has not seen its company.

    `forecasts` is a table with a row per observation; `by_company` has the mean score of each
    company and forecast; `better` is the share of 10,000 resamples of companies in which the
    forecast beats the base rate.
    """

    forecasts: Any
    model: float
    base_rate: float
    naive: float
    by_company: Any
    better: float


def first_passage(
    runway: np.ndarray, access: float, financed: float, volatility: float
) -> np.ndarray:
    """Inverse Gaussian probability of running dry by the horizon, in months of spending."""
    distance, drift = np.asarray(runway, float) + access, -(1.0 - financed)
    spread = volatility * np.sqrt(HORIZON)
    image = -2.0 * drift * distance / volatility**2
    image = image + norm.logcdf((-distance + drift * HORIZON) / spread)
    return np.clip(norm.cdf(-(distance + drift * HORIZON) / spread) + np.exp(image), _LOW, _HIGH)


def observe(cash: Any, outcomes: Any) -> list[Observation]:
    """Every release at which cash and a rate of spending were known, from rows public by then.

    Spending is operating cash flow and capital spending of the last period that has it, else the
    net loss. `outcomes` only labels; a label is None unless a year has been seen or it filed.
    Both are data frames with the columns of the bundled tables.
    """
    table = cash.assign(
        as_of=pd.to_datetime(cash["as_of"]), period_end=pd.to_datetime(cash["period_end"])
    )
    found = []
    for company, rows in table.groupby("company"):
        outcome = outcomes[outcomes["company"] == company].iloc[0]
        for day in sorted(rows["as_of"].unique()):
            seen = _seen(rows[rows["as_of"] <= day], day)
            if seen is not None:
                found.append(Observation(str(company), day, *seen, _label(outcome, day)))
    return found


def _seen(known: Any, day: Any) -> tuple[float, float] | None:
    """Cash in a release of this day, and the present spending; None where either is missing."""
    cash = known["unrestricted_cash_million_dollar"].fillna(known["cash_million_dollar"])
    stated = known.assign(cash=cash).dropna(subset="cash").sort_values(["period_end", "as_of"])
    if stated.empty or stated["as_of"].iloc[-1] != day:
        return None
    months = known["period"].map(MONTHS)
    spent = known["capital_spending_million_dollar"].fillna(0.0)
    flow = known["operating_cash_flow_million_dollar"] - spent
    for money in (flow, known["net_income_million_dollar"]):
        rate = known.assign(rate=-money / months, months=months).dropna(subset="rate")
        rate = rate.sort_values(["period_end", "months"], ascending=[True, False])
        if len(rate) and (day - rate["period_end"].iloc[-1]).days < _STALE:
            burn = float(rate["rate"].iloc[-1])
            return (float(stated["cash"].iloc[-1]), burn) if burn > 0.0 else None
    return None


def _label(outcome: Any, day: Any) -> bool | None:
    left = (pd.Timestamp(outcome["outcome_date"]) - day).days
    if str(outcome["outcome"]).startswith("filed"):
        return left <= 365 if left >= 0 else None
    return False if left >= 365 else None


def calibrate_panel(panel: Sequence[Observation]) -> Calibration:
    """Estimate by penalized likelihood, every company counting the same."""
    company = np.array([each.company for each in panel])
    runway = np.array([each.runway for each in panel])
    filed = np.array([bool(each.filed) for each in panel], float)
    weight = np.array([1.0 / np.sum(company == name) for name in company])
    weight = weight / weight.sum()

    def loss(theta: np.ndarray) -> float:
        chance = first_passage(runway, *_natural(theta))
        likelihood = weight @ (filed * np.log(chance) + (1.0 - filed) * np.log(1.0 - chance))
        return float(-likelihood + _PRIOR_WEIGHT * np.sum((theta - _PRIOR_MEAN) ** 2))

    fits = [minimize(loss, start, method="Nelder-Mead") for start in _STARTS]
    best = min(fits, key=lambda fit: fit.fun)
    return Calibration(*_natural(best.x), base_rate=float(weight @ filed))


def _natural(theta: np.ndarray) -> tuple[float, float, float]:
    return float(np.exp(theta[0])), float(1.0 / (1.0 + np.exp(-theta[1]))), float(np.exp(theta[2]))


def labeled_panel(without: Sequence[str] = ()) -> list[Observation]:
    """The bundled panel's labeled observations, without the companies named."""
    cash, outcomes = read_table("deal/start_up_cash.csv"), read_table("deal/start_up_outcomes.csv")
    observed = observe(cash, outcomes)
    return [o for o in observed if o.filed is not None and o.company not in without]


def score_panel(panel: Sequence[Observation] | None = None) -> PanelScore:
    """Forecast every observation from the other companies, and score with Brier."""
    panel = labeled_panel() if panel is None else panel
    rows = []
    for name in sorted({each.company for each in panel}):
        model = calibrate_panel([each for each in panel if each.company != name])
        for each in (o for o in panel if o.company == name):
            chance = float(model.probability(np.array([each.runway]))[0])
            rows.append(
                {"company": name, "as_of": each.as_of, "runway": each.runway,
                 "filed": bool(each.filed), "model": chance, "base_rate": model.base_rate,
                 "naive": float(each.runway < HORIZON)}
            )  # fmt: skip
    table: Any = pd.DataFrame(rows)
    names = ["model", "base_rate", "naive"]
    brier = (table[names].sub(table["filed"].astype(float), axis=0)) ** 2
    by_company = brier.groupby(table["company"]).mean()
    draw = np.random.default_rng(2024).integers(len(by_company), size=(10_000, len(by_company)))
    gain = (by_company["base_rate"] - by_company["model"]).to_numpy()[draw].mean(axis=1)
    means = brier.mean()
    return PanelScore(
        forecasts=table,
        model=float(means["model"]),
        base_rate=float(means["base_rate"]),
        naive=float(means["naive"]),
        by_company=by_company,
        better=float(np.mean(gain > 0.0)),
    )
