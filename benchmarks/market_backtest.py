"""What the market of 2023 says about 2024, against what was sold: `python
benchmarks/market_backtest.py`.

The reference case's market (values as known on 2024-03-01) is calibrated on 2023 and solved for
2024 over 128 draws of all its uncertain inputs. Year-to-year shocks of a nameplate's log share
have the spread seen among combustion nameplates from 2021 to 2023, years that are not scored.
Actual sales: `data/market/sales.csv` (rows assumed from nine months are marked there). Trucks
that could not be built as fast as they sold (Cybertruck, Silverado EV, Sierra EV in their launch
year) are scored as limited by supply: what was sold is at most what was wanted.
"""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pandas
from scipy.stats import norm

import framerail as fr
from framerail.market import (
    calibrate,
    draw_buyers,
    equilibrium,
    offers_in_year,
    ownership_of,
    product_table,
)
from framerail.scenario_file.bundle import data_text
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns

DRAWS = 128
LIMITED = ("cybertruck", "silverado-ev", "sierra-ev")
ELECTRIC = {
    "lightning": ("lightning-sr", "lightning-er"),
    "r1t": ("r1t",),
    "cybertruck": ("cybertruck",),
    "silverado-ev": ("silverado-ev",),
    "sierra-ev": ("sierra-ev",),
}
NAIVE_SPREAD = 0.5
"""Standard deviation of the naive forecast's log error: last year's volume; *assumed*."""


def predictions(year):
    """Quantities of the year by draw and product, from the market of 2023."""
    scenario = fr.read_scenario("nissan-fisker")
    where = column_indices(scenario)
    points = sobol_points(DRAWS, len(scenario.uncertainty), 17)
    rows = jnp.asarray(sample_leaves(scenario, points))
    table = product_table(scenario.market.products)

    def one(row):
        drawn = with_columns(scenario, where, row)
        market = drawn.market
        here = product_table(market.products)
        buyers = draw_buyers(market.preferences, scenario.buyer_nodes)
        ownership = ownership_of(here)
        known = calibrate(market, here, buyers, ownership)
        offers = offers_in_year(
            market,
            here,
            known,
            jnp.asarray(year),
            price_level=(1 + drawn.program.inflation) ** (year - market.calibration_year),
            entrant_cost=known.marginal_cost,
            credit=here.credit,
            entry=1 - here.entrant,
        )
        later = buyers.at_price_level(offers.price_level)
        found = equilibrium(later, offers, ownership, offers.start_price)
        return found.quantity, found.outcome

    quantity, outcome = jax.jit(lambda rows: jax.lax.map(one, rows))(rows)
    assert not np.any(np.asarray(outcome) & 2), "a market did not converge"
    return table, pandas.DataFrame(np.asarray(quantity), columns=list(table.names))


def sales():
    rows = pandas.read_csv(io.StringIO(data_text("market/sales.csv")))
    return rows.pivot(index="product", columns="year", values="units")


def shares(sold, names):
    return sold[names] / sold[names].sum()


def yearly_spread(sold, names):
    """Standard deviation of log share changes, 2021 to 2022 and 2022 to 2023."""
    changes = []
    for year in (2022, 2023):
        both = sold.loc[names, [year - 1, year]].dropna().index.tolist()
        changes.append(np.log(shares(sold[year], both) / shares(sold[year - 1], both)))
    return float(np.std(np.concatenate(changes)))


def combustion(predicted, sold, names):
    actual = shares(sold[2024], names)
    model = shares(predicted.median(), names)
    naive = shares(sold[2023], names)
    print("combustion nameplates, share of 2024 (weighted mean absolute error)")
    print(f"  model {np.abs(model - actual).sum():.1%}, last year's share "
          f"{np.abs(naive - actual).sum():.1%}; bar 12 % and better than last year's")  # fmt: skip
    for name in sorted(names, key=lambda n: -actual[n]):
        print(f"  {name:15s} actual {actual[name]:6.2%}  model {model[name]:6.2%}  "
              f"last year {naive[name]:6.2%}")  # fmt: skip


def electric(predicted, sold, spread):
    print(f"electric pickups 2024, 80 % intervals (yearly shocks of {spread:.2f} log points)")
    rng = np.random.default_rng(1)
    model_score, naive_score, covered = [], [], []
    for name, parts in ELECTRIC.items():
        actual = float(sold.loc[list(parts), 2024].sum())
        before = float(sold.loc[list(parts)].get(2023, default=0).sum())
        drawn = predicted[list(parts)].sum(axis=1).to_numpy()
        drawn = np.log(drawn[drawn > 0]) if np.any(drawn > 0) else np.zeros(1)
        drawn = drawn + spread * rng.standard_normal(len(drawn))
        low, middle, high = np.exp(np.quantile(drawn, [0.1, 0.5, 0.9]))
        limited = name in LIMITED
        inside = actual <= high if limited else low <= actual <= high
        covered.append(inside)
        verdict = ("covered" if inside else "MISSED") + ", limited by supply" * limited
        print(f"  {name:13s} actual {actual:7,.0f}  model {middle:8,.0f}", end="")
        print(f" ({low:,.0f} to {high:,.0f})  {verdict}  in 2023 {before:,.0f}")
        if not limited:
            normal = norm(drawn.mean(), drawn.std())
            model_score.append(normal.logpdf(np.log(actual)))
            naive_score.append(norm(np.log(before), NAIVE_SPREAD).logpdf(np.log(actual)))
    model, naive = np.mean(model_score), np.mean(naive_score)
    print(f"  covered {sum(covered)} of {len(covered)}; mean log score of those not limited:")
    print(f"  model {model:+.2f}, last year's volume {naive:+.2f}")


if __name__ == "__main__":
    table, predicted = predictions(2024.0)
    sold = sales()
    burning = np.asarray(table.pickup * (1 - table.electric)) > 0
    names = [name for name, keep in zip(table.names, burning, strict=True) if keep]
    names = [name for name in names if name in sold.index and not np.isnan(sold.loc[name, 2024])]
    combustion(predicted, sold, names)
    electric(predicted, sold, yearly_spread(sold, names))
