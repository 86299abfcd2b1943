"""The bottom-up glider on combustion pickups of model year 2022 (`studies/glider_prices.py`)."""

import runpy
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.cost.combustion_powertrain import CombustionPowertrain, combustion_powertrain_cost
from framerail.cost.glider import GliderSize
from framerail.studies.glider_prices import (
    CALIBRATION,
    INBOUND,
    describe_rows,
    errors,
    fitted,
    glider_in_2022,
    observe,
    out_of_sample,
    price_residual,
    rates,
)

READING = runpy.run_path(str(Path(__file__).parents[1] / "cost" / "reading.py"))
DECK = READING["reference_inputs"]().deck


@pytest.fixture(scope="module")
def rows():
    return describe_rows(DECK)


@pytest.fixture(scope="module")
def observations(rows):
    return observe(rows)


def test_combustion_powertrain_equations_to_the_cent():
    """A turbocharged V6 of 2.7 L, direct injection, 8 gears, four driven wheels, start-stop."""
    numbers = (2.7, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 8.0, 1.0)
    ours = combustion_powertrain_cost(rates(), CombustionPowertrain(*map(jnp.asarray, numbers)))
    engine = 246.87 * 2.7 + 1215 + 319 + 756 + 200
    exhaust = 350 + 277.39 * 2.7
    transmission = 140.11 * 8 + 52.674 + 544.28
    other = 571.45 + 374.53 + 472.76 + 60 + 60.31 + 182.29 + 200
    assert float(ours) == pytest.approx(engine + exhaust + transmission + other, abs=0.005)


def test_the_glider_is_positive_on_every_combustion_pickup(rows):
    assert len(rows) >= 100
    assert all(row["structure"] > 2_500 for row in rows)
    assert all((row["parts"] > 100).all() for row in rows)


def test_price_out_of_sample_from_ford_and_gm_to_the_other_makers(observations):
    known = [one for one in observations if one["maker"] in CALIBRATION]
    assert len(known) >= 20
    miss = np.abs(out_of_sample(observations))
    assert miss.size >= 12
    assert np.median(miss) <= 0.12


def test_price_leaving_each_maker_out(observations):
    miss = []
    for maker in {one["maker"] for one in observations}:
        train = [one for one in observations if one["maker"] != maker]
        miss.extend(errors([o for o in observations if o["maker"] == maker], fitted(train)))
    assert np.median(np.abs(miss)) <= 0.12


def test_markups_are_those_of_an_industry_that_earns_more_on_full_size_trucks(observations):
    """The regulator's average is 1.5; mid-size below it, full-size above, upper trims more."""
    level, trim, full = fitted(observations)
    assert 1.15 < np.exp(level) < 1.5
    assert np.exp(level + full) > 1.5
    assert trim > 0


def test_prices_do_not_tell_the_gliders_level_from_the_markup(observations, rows):
    """Why `glider.level` keeps its wide spread: 0.7 to 1.3 predict prices about equally well."""
    mean_parts = {o["price"]: 0.0 for o in observations}
    for row in rows:
        mean_parts[row["price"]] = max(mean_parts[row["price"]], row["parts"].sum())
    scores = []
    for factor in (0.7, 1.0, 1.3):
        moved = [
            {**o, "cost": o["cost"] + (factor - 1) * mean_parts[o["price"]] * (1 + INBOUND)}
            for o in observations
        ]
        scores.append(np.median(np.abs(errors(moved, fitted(moved)))))
    assert max(scores) - min(scores) < 0.02


def test_the_regulators_residual_glider_spans_far_more_than_ours(rows):
    """Price / 1.5 less powertrain and structure, as OMEGA does, beside our bottom-up parts."""
    residual = price_residual(rows)
    ours = np.array([r["parts"].sum() for r in rows])
    assert residual.min() < 6_000 < 30_000 < residual.max()
    assert 7_000 < ours.min()
    assert ours.max() < 20_000
    assert (residual.max() / residual.min()) > 2.5 * (ours.max() / ours.min())


def test_doubling_footprint_raises_structure_and_parts(rows):
    del rows
    base = {
        "footprint": 55.0,
        "gross_weight": 2_700.0,
        "trim_level": 1.0,
        "aluminum_share": 0.0,
        "ladder_share": 1.0,
    }
    small = GliderSize(**{k: jnp.asarray(v) for k, v in base.items()})
    large = eqx.tree_at(lambda s: s.footprint, small, jnp.asarray(75.0))
    assert all(
        float(jnp.sum(b)) > float(jnp.sum(a))
        for a, b in zip(glider_in_2022(DECK, small), glider_in_2022(DECK, large), strict=True)
    )
