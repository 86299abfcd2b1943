# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Getting started
#
# This page is a script that runs as it stands: `docs/tutorials/getting_started.py`.
#
# A scenario is read by its name, or by the path of a TOML file.

# %%
import framerail as fr

scenario = fr.read_scenario("nissan-fisker")
print(scenario.about.question)
print(f"as of {scenario.about.as_of}, {len(scenario.uncertainty)} uncertain inputs")

# %% [markdown]
# Every input that is uncertain has a distribution in the unit of its declaration. A single
# evaluation uses the medians.

# %%
for leaf in scenario.uncertainty[:5]:
    low, high = leaf.distribution.quantile(0.05), leaf.distribution.quantile(0.95)
    print(f"{leaf.path}: {low:g} to {high:g} {leaf.unit}")

# %% [markdown]
# A file with faults is refused as a whole, and all of them are reported at once.

# %%
try:
    fr.read_scenario("nissan-fisker", ["about.draws=1", "plant.chosen=nowhere"])
except fr.ScenarioError as error:
    print(error)

# %% [markdown]
# One call runs the whole chain, from watts to deal value.

# %%
evaluation = fr.evaluate(scenario)
nissan, fisker = (float(evaluation.deal.gain[k]) / 1e6 for k in (0, 1))
print(f"gain of Nissan {nissan:.0f}, of Fisker {fisker:.0f} $ million, at the medians")
print(
    f"P(Fisker fails before the first truck) {float(evaluation.deal.default_before_production):.2f}"
)
for name, miles in zip(evaluation.trucks.names, evaluation.trucks.range_miles, strict=True):
    print(f"{name}: {float(miles):.0f} mi")

# %% [markdown]
# The books are audited on every run: residuals are results.

# %%
print(f"energy {float(evaluation.audit.energy):.0e}, cash {float(evaluation.audit.cash):.0e} $")
