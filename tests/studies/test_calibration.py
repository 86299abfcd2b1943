"""The hierarchy finds what it was given, and the shipped estimate is sound."""

import csv
import runpy
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.report.component_tables import (
    classified,
    estimate_tables,
    read_component_estimate,
    read_configurations,
    row_estimates,
)
from framerail.scenario_file import read_cycle, read_rows
from framerail.studies.calibration import (
    PARAMETERS,
    TERMS,
    HeldOut,
    effects,
    make_spread,
    regression_held_out,
    residuals_by_make,
    score,
)
from framerail.studies.calibration.held_out import GROUPS
from framerail.studies.calibration.hierarchy import Linearized, infer
from framerail.vehicle import (
    OFFSETS,
    design_from_specification,
    design_with_offsets,
    specification,
)

READING = runpy.run_path(str(Path(__file__).parents[1] / "vehicle" / "reading.py"))
ROWS = read_configurations("scored", "battery")


def test_configurations_keep_the_written_rules():
    assert len([row for row in ROWS if row["role"] == "scored"]) == 177
    for row in read_configurations():
        assert (
            row["role"]
            == {"equal": "scored", "ratio": "battery", "physics": "second"}[row["unit_basis"]]
        )
        assert float(row["C_lbf_per_mph2"]) < 0.06
        assert min(float(row[f"{name}_kwh_per_100mi"]) for name in ("udds", "hwfet")) > 5.0


def test_one_configuration_counts_once():
    names = ("test_id", "etw_lb", "A_lbf", "B_lbf_per_mph", "C_lbf_per_mph2")
    names += ("udds_kwh_per_100mi", "hwfet_kwh_per_100mi")
    keys = [tuple(row[name] for name in names) for row in read_configurations()]
    assert len(keys) == len(set(keys))


def test_zero_offsets_change_nothing():
    spec = jax.tree.map(lambda leaf: leaf[0], specification([{**ROWS[0], "name": "a"}]))
    defaults = READING["defaults"]()
    plain = design_from_specification(spec, defaults)
    moved = design_with_offsets(spec, defaults, jnp.zeros(len(OFFSETS)))
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(moved), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_extreme_offsets_stay_physical():
    spec = jax.tree.map(lambda leaf: leaf[0], specification([{**ROWS[0], "name": "a"}]))
    for sign in (-1.0, 1.0):
        offsets = jnp.full(len(OFFSETS), 3.0 * sign)
        design = design_with_offsets(spec, READING["defaults"](), offsets)
        assert 0.0 < float(design.regeneration.capture) < 1.0
        assert 0.5 < float(design.charger.charge_efficiency) < 1.0
        assert float(design.rear.losses.copper) > 0.0


def test_scales_and_effects_of_made_up_data_are_found_again():
    rng = np.random.default_rng(3)
    rows, makers = 160, 16
    slope = np.abs(rng.normal(0.1, 0.03, (rows, 2, len(PARAMETERS))))
    weights = np.zeros((rows, 1 + makers))
    weights[:, 0] = 1.0
    weights[np.arange(rows), 1 + np.arange(rows) % makers] = 1.0
    term = np.array([TERMS.index("all")] + [TERMS.index("manufacturer")] * makers)
    truth = np.vstack([np.full(6, 0.2), rng.normal(0.0, 0.25, (makers, 6))])
    exact = np.einsum("icp,ip->ic", slope, weights @ truth)
    target = exact + rng.normal(0.0, 0.01, (rows, 2))
    learned = np.arange(rows) < 128
    post = infer(Linearized(weights, term, slope, target), learned, None, ((0, 15), (1, 5)))
    found = np.einsum("icp,ip->ic", slope, weights @ post.effects())
    assert np.abs(found - exact)[~learned].mean() < 0.009
    assert np.sqrt(post.noise[0, 0]) == pytest.approx(0.01, rel=0.3)
    spread = np.array([slope[k] @ post.covariance(weights[k]) @ slope[k].T for k in range(rows)])
    inside = np.abs(found - exact) < 1.645 * np.sqrt(np.einsum("icc->ic", spread))
    assert inside[~learned].mean() > 0.8


def test_effects_of_a_blank_row_are_the_typical_ones():
    found = effects({"etw_lb": "5000"})
    assert found["all", ""] == 1.0
    assert found["silicon_carbide", ""] == found["model_year", ""] == 0.0
    assert ("manufacturer", "") not in found


def test_estimate_survives_its_tables():
    estimate = read_component_estimate()
    for relative, text in estimate_tables(estimate).items():
        kept = resources.files("framerail").joinpath("data", *relative.split("/"))
        lines = [line for line in kept.read_text("utf-8").splitlines() if line[0] != "#"]
        again = [line for line in text.splitlines() if line[0] != "#"]
        assert list(csv.DictReader(lines)) == list(csv.DictReader(again))


def test_intervals_are_wider_for_unknown_makers_and_road_loads():
    estimate = read_component_estimate()
    known = {"make": "Ford", "etw_lb": "6500", "A_lbf": "38", "drive": "awd"}
    unknown = {**known, "make": "Nobody"}
    blank = {**unknown, "A_lbf": ""}
    sizes = [np.trace(estimate.offset_covariance(row)) for row in (known, unknown, blank)]
    assert sizes[0] < sizes[1] < sizes[2]
    for row in (known, unknown, blank):
        assert np.linalg.eigvalsh(estimate.offset_covariance(row)).min() > -1e-9


def test_catalog_rows_find_their_class():
    classes = read_rows("vehicle/machine_classes.csv")
    found = classified({"make": "Tesla", "model": "Cybertruck", "drive": "awd"}, classes)
    assert (found["machine"], found["inverter"], found["volts"]) == ("pm+induction", "sic", "800")
    stated = {"make": "Ford", "model": "F-150 Lightning", "machine": "excited"}
    assert classified(stated, classes)["machine"] == "excited"
    assert row_estimates([stated], read_component_estimate()).offsets.shape == (1, len(OFFSETS))


def test_score_counts_scored_rows_only():
    rows = [{"role": "scored"}, {"role": "second"}]
    held = HeldOut(
        rows, np.log([[1.1, 1.0], [9.0, 9.0]]), np.zeros((2, 2)), np.stack([np.eye(2)] * 2)
    )
    found = score(held)
    assert found.count == 1
    assert found.udds == pytest.approx(0.1)
    assert found.combined == pytest.approx(0.055)
    assert found.coverage == 1.0


def test_spread_of_makes_is_found_again():
    rng = np.random.default_rng(5)
    makes = np.repeat(np.arange(200), rng.integers(1, 12, 200))
    level, scatter = rng.normal(0.0, 0.05, 200), rng.normal(0.0, 0.03, makes.size)
    error = np.tile((level[makes] + scatter)[:, None], (1, 2))
    rows = [{"role": "scored", "make": f"m{make:03d}"} for make in makes]
    measured = np.full_like(error, np.log(30.0))
    held = HeldOut(rows, measured + error, measured, np.stack([np.eye(2)] * makes.size))
    found = make_spread(held)
    assert found.between == pytest.approx(0.05, rel=0.12)
    assert found.within == pytest.approx(0.03, rel=0.05)
    assert found.floor == pytest.approx(0.6745 * np.hypot(found.between, found.within), rel=1e-3)
    table = residuals_by_make(held)
    assert [one.make for one in table] == sorted({row["make"] for row in rows})
    first = np.expm1(error[makes == 0])
    assert table[0].count == len(first)
    assert table[0].udds == pytest.approx(np.median(first[:, 0]))
    assert table[0].predicted == pytest.approx(30.0 * (1.0 + table[0].combined))


def test_the_regression_leaves_its_group_out():
    cycles = {name: read_cycle(name) for name in ("udds", "hwfet")}
    found = regression_held_out(ROWS, cycles, "make")
    result = score(found)
    assert 0.04 < result.combined < 0.08
    spoiled = [
        {**row, "udds_kwh_per_100mi": "99"} if row["make"] == "Tesla" else row for row in ROWS
    ]
    again = regression_held_out(spoiled, cycles, "make")
    tesla = np.array([row["make"] == "Tesla" for row in ROWS])
    np.testing.assert_allclose(again.predicted[tesla], found.predicted[tesla], rtol=1e-12)
    assert np.abs(again.predicted[~tesla] - found.predicted[~tesla]).max() > 0.01


def test_one_test_vehicle_is_left_out_with_all_its_configurations():
    names = {GROUPS["vehicle"](row) for row in ROWS}
    assert len({row["family"] for row in ROWS}) < len(names) < len(ROWS)
