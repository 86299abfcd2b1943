"""Spreads of tastes from published second choices: `python benchmarks/second_choices.py`.

Prints the mode of docs/decisions/0065-spreads-from-second-choices.md and what it says of the
second choices left out. A spread taken from another model holds beside that model's other
traits: this market has none for horsepower, luxury and place, which tie truck buyers to trucks
too. So the two spreads whose second-choice correlations the source's own model falls short of
(truck, footprint) are moved to observed second choices, the third (American brands) is not.

Used: 2015 truck correlation, Frontier 2015, Silverado 1999, Tacoma 2005 (Maritz surveys in
Grieco, Murry and Yurukoglu, 2024) and Ford's survey of Lightning buyers. Not used: F-Series 2015.
"""

import argparse
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import framerail as fr
from framerail.market import fit_moments
from framerail.studies.market_responses import responses, second_choice_moments

PARAMETERS = ("spread_of_pickup", "spread_of_size", "electric_pickup_attachment")
PUBLISHED = jnp.asarray([6.309, 9.1, 0.65])
PRIORS = {
    "30 % (adopted)": jnp.asarray([0.30 * 6.309, 0.30 * 9.1, 0.08]),
    "published standard errors": jnp.asarray([0.31, 0.57, 0.08]),
    "flat": jnp.asarray([3 * 6.309, 3 * 9.1, 0.3]),
}
"""Standard errors of the published values in this market; *assumed* but for the second."""
MOMENTS = {
    "truck_correlation": (0.872, 0.05),
    "frontier": (0.69, 0.05),
    "silverado": (0.76, 0.10),
    "tacoma": (0.35, 0.10),
    "from_outside_pickups": (0.55, 0.05),
}
"""Observed, and an *assumed* error: five points in the year of the survey's other trucks, ten
where the survey is of 1999 or 2005; sampling errors are smaller."""


def with_parameters(inputs, values):
    places = [lambda m, n=name: getattr(m.preferences, n) for name in PARAMETERS]
    return eqx.tree_at(lambda m: [place(m) for place in places], inputs, list(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buyers", type=int, default=8_192)
    parser.add_argument("--only", choices=[name.split()[0] for name in PRIORS])
    chosen = parser.parse_args()
    scenario = fr.read_scenario("nissan-fisker", buyers=chosen.buyers)
    observed, error = (jnp.asarray(side) for side in zip(*MOMENTS.values(), strict=True))

    def predict(values):
        told = second_choice_moments(with_parameters(scenario.market, values), scenario.buyer_nodes)
        return jnp.stack([getattr(told, name) for name in MOMENTS])

    fit = jax.jit(lambda prior: fit_moments(predict, observed, error, PUBLISHED, prior, most=15))
    for name, prior in PRIORS.items():
        if chosen.only and not name.startswith(chosen.only):
            continue
        began = time.monotonic()
        found = fit(prior)
        spread = np.sqrt(np.diag(found.covariance))
        print(f"\nprior {name}: {found.steps} steps, gradient {found.gradient:.1e}, "
              f"{time.monotonic() - began:.0f} s")  # fmt: skip
        for k, parameter in enumerate(PARAMETERS):
            print(f"  {parameter:28s} {found.value[k]:8.3f} +- {spread[k]:.3f}  "
                  f"(published {PUBLISHED[k]:.3f})")  # fmt: skip
        for k, (moment, (seen, _)) in enumerate(MOMENTS.items()):
            print(f"  {moment:28s} {found.predicted[k]:8.3f}  observed {seen}")
        inputs = with_parameters(scenario.market, found.value)
        told = second_choice_moments(inputs, scenario.buyer_nodes)
        print(f"  left out: F-Series to Silverado and Ram {told.f_series:.3f}, observed 0.64")
        answers = responses(inputs, scenario.buyer_nodes)
        print(f"  own elasticity {answers.own_elasticity:.2f}, of all pickups "
              f"{answers.market_elasticity:.2f}, repeal {answers.repeal:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
