"""Pack prices of the BloombergNEF survey, forecast 2019-2025 from 2010-2018 in three ways.

A pack is metal, which does not learn, and the rest, which does. Metal content is the deck's own;
metals stay at their price of the last observed year. The rest follows

* `time`: a random walk with drift (Farmer and Lafond 2016, memory 0.63);
* `realized volume`: Wright's law on the packs built for electric vehicles (IEA), with the volumes
  of 2019-2025 as they came: a test of the law, not a forecast that could have been made in 2018;
* `forecast volume`: the same law with the volumes that could be expected in 2018.

Both memories are published for other technologies; nothing is fitted to the years scored.
"""

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
from scipy import stats

from framerail.cost import MetalContent, experience_forecast, trend_forecast
from framerail.scenario_file import read_rows, read_scenario

MEMORY_IN_TIME = 0.63
"""Farmer and Lafond (2016), 53 technologies."""
MEMORY_OF_EXPERIENCE = 0.19
"""Lafond et al. (2018), 51 technologies."""
LATER_DEFLATORS = {2024: 131.804 * 1.024, 2025: 131.804 * 1.024 * 1.028}
"""GDP deflator, 2012 = 100: growth of 2.4 % and 2.8 % (BEA)."""
KWH = {"phev_cars": 11.0, "buses": 150.0, "vans": 40.0, "trucks": 80.0}
"""Pack of a plug-in hybrid car, a bus, a van, a truck: assumed for all years, kWh."""
EXPECTED_GROWTH = (np.log(125.0 / 3.1) / 13.0, np.log(220.0 / 3.1) / 13.0)
"""Growth of the logarithm of the world's electric cars per year to 2030 as expected in May 2018:
3.1 million at the end of 2017, 125 million in 2030 (New Policies) or 220 million (EV30@30). Source:
IEA, Global EV Outlook 2018 (https://www.iamrenew.com/book/iea-global-ev-output-2018/)."""
WAYS = ("time", "realized volume", "forecast volume")
"""The three ways, in the order of a report."""


@dataclasses.dataclass(frozen=True)
class PackForecast:
    """Pack prices in dollars of 2018 per kWh, by year, with an interval."""

    years: np.ndarray
    low: np.ndarray
    center: np.ndarray
    high: np.ndarray
    actual: np.ndarray
    exponent: float | None
    """Elasticity of the rest's price to experience; None in time."""
    exponent_error: float | None

    @property
    def covered(self) -> int:
        """Years whose price lies inside the interval."""
        return int(((self.low < self.actual) & (self.actual < self.high)).sum())


@functools.cache
def _content() -> MetalContent:
    return read_scenario("nissan-fisker").cost.deck.pack.nmc.metals


def deflators() -> dict[int, float]:
    """GDP deflator by year, 2012 = 100."""
    table = {
        int(r["year"]): float(r["gdp_deflator_2012_100"]) for r in read_rows("cost/price_index.csv")
    }
    return {**table, **LATER_DEFLATORS}


def real_prices(dollar_year: int = 2018) -> dict[int, float]:
    """Surveyed pack price by year, dollars of `dollar_year` per kWh."""
    index = deflators()
    return {
        int(r["year"]): float(r["dollar_per_kwh"])
        * index[dollar_year]
        / index[int(r["dollar_year"])]
        for r in read_rows("cost/pack_price_survey.csv")
    }


def metal_cost(content: MetalContent, dollar_year: int = 2018) -> dict[int, float]:
    """Metal in a kWh of pack by year, dollars of `dollar_year`."""
    index = deflators()
    return {
        int(row["year"]): index[dollar_year]
        / index[int(row["year"])]
        * sum(
            float(getattr(content, metal)) * float(row[f"{metal}_dollar_per_kg"])
            for metal in ("lithium_carbonate", "nickel", "cobalt")
        )
        for row in read_rows("cost/metal_prices.csv")
    }


def yearly_volume(size: float = 1.0) -> dict[int, float]:
    """Packs of electric vehicles by year, GWh: as the IEA states, else sales times pack.

    The first entry holds everything before 2010. `size` scales the assumed packs.
    """
    found = {}
    for row in read_rows("cost/battery_volumes.csv"):
        if row["stated_gwh"]:
            found[int(row["year"])] = float(row["stated_gwh"])
            continue
        packs = sum(float(row[kind]) * kwh for kind, kwh in KWH.items())
        packs += float(row["bev_cars"]) * float(row["kwh_per_bev_car"])
        found[int(row["year"])] = size * packs / 1e6
    return found


def experience(size: float = 1.0, legacy: float = 1.0) -> dict[int, float]:
    """Cumulative packs at each year's end, GWh; `legacy` scales what was built before 2010."""
    yearly = yearly_volume(size)
    first, *years = sorted(yearly)
    total, found = legacy * yearly[first], {}
    for year in years:
        total += yearly[year]
        found[year] = total
    return found


def forecast(
    way: str = "realized volume",
    *,
    metal_weight: float = 1.0,
    first: int = 2010,
    last: int = 2018,
    until: int = 2025,
    level: float = 0.90,
    memory: float | None = None,
    built: dict[int, float] | None = None,
) -> PackForecast:
    """Forecast the years after `last` from those between `first` and it.

    Args:
        way: one of `WAYS`.
        metal_weight: 0 leaves the metals in what learns; 1 takes the deck's content out.
        first: first year fitted.
        last: last year fitted.
        until: last year forecast.
        level: probability of the interval.
        memory: of the shocks; the published one when left out.
        built: cumulative GWh by year; `experience()` when left out.
    """
    content = _content()
    prices, metals, built = real_prices(), metal_cost(content), built or experience()
    fitted, later = range(first, last + 1), range(last + 1, until + 1)
    rest = np.log([prices[y] - metal_weight * metals[y] for y in fitted])
    ahead = np.arange(1.0, len(later) + 1.0)
    extra, exponent, error = np.zeros(len(later)), None, None
    if way == "time":
        q = MEMORY_IN_TIME if memory is None else memory
        found = trend_forecast(jnp.asarray(rest), jnp.asarray(ahead), q)
    else:
        known = np.log([built[y] for y in fitted])
        growth = np.mean(EXPECTED_GROWTH)
        come = np.log([built[y] for y in later])
        expected = known[-1] + growth * ahead
        q = MEMORY_OF_EXPERIENCE if memory is None else memory
        path = expected if way == "forecast volume" else come
        past = jnp.asarray(rest), jnp.asarray(known)
        found = experience_forecast(*past, jnp.asarray(path), q)
        exponent, error = float(found.exponent), float(found.exponent_error)
        if way == "forecast volume":  # the two outlooks lie one standard deviation either way
            extra = exponent * np.ptp(EXPECTED_GROWTH) / 2 * ahead
    width = stats.t.ppf(0.5 + level / 2, df=len(fitted) - 2) * np.hypot(found.scale, extra)
    center = np.asarray(found.center)
    low, middle, high = (
        np.exp(center + sign * width) + metal_weight * metals[last] for sign in (-1, 0, 1)
    )
    actual = np.array([prices[y] for y in later])
    return PackForecast(np.asarray(later), low, middle, high, actual, exponent, error)
