# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # From PyBLP estimates to counterfactuals
#
# Framerail does not estimate demand; [PyBLP](https://pyblp.readthedocs.io) does, and does it well.
# This page takes PyBLP's automobile problem (Berry, Levinsohn and Pakes, 1995), hands its results
# over, and asks questions of the market: a merger, an entry, a change of costs, all with exact
# prices, and with the estimates' uncertainty. It needs the extra `estimate`; without it the script
# ends here.

# %%
import warnings

try:
    import pyblp
except ImportError:
    print("PyBLP is not installed: pip install 'framerail[estimate]'")
    raise SystemExit(0) from None

import jax
import jax.numpy as jnp
import numpy as np
import pandas

import framerail  # noqa: F401  (double precision, one thread)
from framerail import market

pyblp.options.verbose = False
warnings.simplefilter("ignore")
cars = pandas.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
people = pandas.read_csv(pyblp.data.BLP_AGENTS_LOCATION)

# %% [markdown]
# Estimation takes about half a minute. Here the published estimates of PyBLP's own tutorial are
# held (`optimization="return"`), so that the page is quick; leave that out to estimate.

# %%
problem = pyblp.Problem(
    (
        pyblp.Formulation("1 + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + log(hpwt) + air + log(mpg) + log(space) + trend"),
    ),
    cars,
    pyblp.Formulation("0 + I(1 / income)"),
    people,
    costs_type="log",
)
pi = np.zeros((6, 1))
pi[1, 0] = -44.843
results = problem.solve(
    np.diag([2.0254, 0.0, 6.1004, 3.9555, 0.2535, 1.9085]),
    pi,
    method="1s",
    optimization=pyblp.Optimization("return"),
    costs_bounds=(0.001, None),
    W=np.eye(problem.MD + problem.MS),
)
estimates = market.estimates_of(results)
print(f"{estimates.free().shape[0]} parameters with their covariance")

# %% [markdown]
# Agents become buyers. PyBLP's prices are in thousands of dollars of 1983, and column 1 of X2 is
# the price: it becomes each buyer's price sensitivity, the rest their tastes.

# %%
YEAR, DOLLARS = 1990, 1_000.0
rows = cars[cars.market_ids == YEAR].reset_index(drop=True)
heads = people[people.market_ids == YEAR]
nodes = np.zeros((len(heads), 6))
nodes[:, [0, 2, 3, 4, 5]] = heads[[f"nodes{k}" for k in range(5)]]
demographics = 1 / heads[["income"]].to_numpy()


def market_at(parameters):
    """The market of the year at some parameters: inversion and costs follow them."""
    buyers = market.estimated_buyers(
        parameters,
        jnp.asarray(heads.weights.to_numpy()),
        jnp.asarray(nodes),
        jnp.asarray(demographics),
        price_column=1,
        dollars=DOLLARS,
    )
    traits = jnp.asarray(rows.assign(one=1.0)[["one", "hpwt", "air", "mpd", "space"]].to_numpy())
    price = jnp.asarray(rows.prices.to_numpy() * DOLLARS)
    relative = buyers.taste @ traits.T - buyers.sensitivity[:, None] * price[None, :]
    share = jnp.asarray(rows.shares.to_numpy())
    delta = invert(buyers.weight, relative, share, jnp.ones(len(rows))).quality
    owners = rows.firm_ids.tolist()
    return market.estimated_market(buyers, delta, traits, price, owners, market_size=100e6)


invert = jax.jit(market.invert_shares)
today = market_at(estimates)
firms = sorted(set(rows.firm_ids))
difference = np.abs(
    np.asarray(today.offers.marginal_cost) / DOLLARS - results.compute_costs(market_id=YEAR)[:, 0]
).max()
print(f"marginal costs differ from PyBLP's by {difference:.0e} of $1,000 at most")

# %% [markdown]
# ## Questions
#
# Every question is one call and answers with the market before and after.

# %%
gm, ford = firms.index(19), firms.index(16)
told = market.merger(today, gm, ford)
merged = today.ownership.control[:, gm] + today.ownership.control[:, ford]
rise = float(told.price_change @ merged / merged.sum())
print(
    f"GM takes over Ford: their prices rise {rise:,.0f} $ on average, "
    f"HHI {float(told.concentration_before):,.0f} to {float(told.concentration_after):,.0f}, "
    f"consumer surplus {float(told.consumer_surplus_change):+,.2f} $ a household"
)
saved = market.change_costs(today, factor=1 - 0.1 * today.ownership.control[:, gm])
print(f"GM's costs fall 10 %: its profit {float(saved.profit_change[gm]) / 1e9:+,.2f} $ billion")
best = int(rows.shares.idxmax())
gone = market.withdraw(today, jnp.zeros(len(rows)).at[best].set(1.0))
print(f"{rows.clustering_ids[best]} leaves: surplus {float(gone.consumer_surplus_change):+,.2f} $")

# %% [markdown]
# ## How sure?
#
# Draws from the estimates' covariance carry what estimation left open into any answer. A draw in
# which demand slopes up for some buyer is refused by name.

# %%
generator = np.random.default_rng(0)
changes = []
for _ in range(4):
    drawn = estimates.drawn(jnp.asarray(generator.standard_normal(estimates.free().shape[0])))
    try:
        changes.append(float(market.merger(market_at(drawn), gm, ford).consumer_surplus_change))
    except ValueError as error:
        print(error)
print("consumer surplus of the merger in four draws:", ", ".join(f"{c:+,.2f} $" for c in changes))
