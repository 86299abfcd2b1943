"""Bargaining against the shared Nash vectors and against brute force."""

import csv
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import nash_split, zone_of_agreement

VECTORS = Path(__file__).parents[3] / "shared" / "facts" / "program" / "validation_vectors.csv"
number = jnp.asarray


def nash_vectors():
    if not VECTORS.exists():
        return [pytest.param([], [], [], marks=pytest.mark.skip(reason="shared facts not here"))]
    cases = []
    with VECTORS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["test"] == "nash":
                total, *rest = [float(n) for n in re.findall(r"\.?\d+\.?\d*", row["inputs"])]
                apart, weight = rest[:2], rest[2:]
                power = weight if len(weight) == 2 else [weight[0], 1 - weight[0]]
                wanted = [float(n) for n in row["value"].split("/")]
                cases.append(([total, *apart], power, wanted))
    return cases


@pytest.mark.parametrize(("given", "power", "wanted"), nash_vectors())
def test_nash_split(given, power, wanted):
    found = nash_split(number(given[0]), number(given[1:]), number(power))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_zone_finds_the_transferable_solution():
    """Gains that terms only move between the sides: Nash on the grid is the closed-form split."""
    surplus, power = 300e6, 0.6

    def gains(upfront, royalty):
        moved = upfront + 50_000.0 * royalty
        return surplus + 40e6 - moved, moved - 40e6

    upfront = jnp.linspace(0.0, 400e6, 81)
    zone = zone_of_agreement(gains, upfront, jnp.linspace(0.0, 2_000.0, 3), number(power))
    wanted = nash_split(number(surplus), jnp.zeros(2), number([power, 1 - power]))
    assert bool(zone.exists)
    np.testing.assert_allclose(zone.nash.incumbent_gain, wanted[0], atol=2.6e6)
    np.testing.assert_allclose(zone.kalai_smorodinsky.start_up_gain, surplus / 2, atol=2.6e6)
    np.testing.assert_allclose(zone.incumbent_best.start_up_gain, 0.0, atol=1e-3)
    np.testing.assert_allclose(zone.start_up_best.incumbent_gain, 0.0, atol=1e-3)


def test_no_zone_names_the_least_bad_pair():
    def gains(upfront, royalty):
        return -upfront - 0.0 * royalty - 5.0, upfront - 10.0

    zone = zone_of_agreement(gains, jnp.linspace(0.0, 9.0, 10), jnp.zeros(1), number(0.5))
    assert not bool(zone.exists)
    assert float(zone.nash.upfront) in (2.0, 3.0)  # min(-u - 5, u - 10) peaks at 2.5
