"""`framerail vehicle`: catalog names and tables in, one row per design out, faults together."""

import pandas as pd
import pytest

import framerail as fr

HEADER = "name,A_lbf,B_lbf_per_mph,C_lbf_per_mph2,etw_lb,rated_hp,drive,usable_kwh\n"
GOOD = "good,38.7,0.335,0.0353,6500,452,awd,98\n"


def test_a_catalog_truck_is_near_its_label(tmp_path):
    out = tmp_path / "out.csv"
    results = fr.run_vehicles(["lightning-pro-sr-2022"], ["udds", "hwfet"], str(out))
    row = pd.read_csv(out).iloc[0]
    assert results.rows == 1
    assert row["outcome"] == "ok"
    assert row["label_combined_kwh_per_100mi"] == pytest.approx(49.36, rel=0.06)
    assert row["udds_wall_kwh_per_100mi"] > row["udds_dc_kwh_per_100mi"] > 0
    assert row["audit_residual"] < 1e-6


def test_bad_rows_are_named_together_and_may_be_skipped(tmp_path):
    table, out = tmp_path / "designs.csv", tmp_path / "out.csv"
    table.write_text(HEADER + GOOD + "bad,38.7,0.335,0.0353,-6500,452,tracks,98\n")
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles([str(table)], ["udds", "hwfet"], str(out))
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == 2
    assert all("row 2 (bad)" in fault for fault in told)
    assert not out.exists()
    results = fr.run_vehicles([str(table)], ["udds", "hwfet"], str(out), skip_bad=True)
    assert results.rows == 1
    assert len(results.warnings) == 2


def test_unknown_truck_and_cycle():
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles(["lightning-pro-sr-2021"], ["uds"], None)
    told = str(caught.value)
    assert "nearest: 'lightning-pro-sr-" in told
    assert "--cycle uds" in told


def test_wall_figures_have_bounds(tmp_path):
    out = tmp_path / "out.csv"
    fr.run_vehicles(["lightning-pro-sr-2022"], ["udds", "hwfet"], str(out))
    row = pd.read_csv(out).iloc[0]
    for name in ("udds", "hwfet", "combined"):
        wall = f"{name}_wall_kwh_per_100mi"
        assert row[f"{wall}_p05"] < row[wall] < row[f"{wall}_p95"]
        assert 0.05 < row[f"{wall}_p95"] / row[f"{wall}_p05"] - 1.0 < 0.5


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("a,38.7,0.335,0.0353,-6500,452,awd,98", "column etw_lb: -6500 is out of range"),
        ("a,38.7,0.335,0.0353,6500,452,awd,0", "column usable_kwh: 0 is out of range"),
        ("a,38.7,0.335,nan,6500,452,awd,98", "column C_lbf_per_mph2: is not a number"),
        ("a,38.7,0.335,0.0353,2948 kg,452,awd,98", "column etw_lb: '2948 kg' is not a number"),
        ("a,-38.7,0.335,0.0003,6500,452,awd,98", "give no resistance"),
        ("a,38.7,,0.0353,6500,452,awd,98", "give all three or none"),
        ("a,38.7,0.335,0.0353,6500,452,awd,98,7", "'7' has no heading"),
        ("a,38.7,0.335,0.0353,6500,inf,awd,98", "column rated_hp: inf is out of range"),
    ],
)
def test_a_fault_names_row_and_column_before_any_row_runs(tmp_path, cells, told):
    table, out = tmp_path / "designs.csv", tmp_path / "out.csv"
    table.write_text(HEADER + GOOD + cells + "\n")
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles([str(table)], ["udds"], str(out))
    assert len(caught.value.faults) == 1
    assert "row 2 (a)" in str(caught.value)
    assert told in str(caught.value)
    assert not out.exists()


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("A_lbf,etw_lb", "column name: is missing"),
        ("name,rated_hp", "columns etw_lb, curb_lb: are missing"),
        ("name,etw_lb,A_lbf,B_lbf_per_mph", "column C_lbf_per_mph2: is missing"),
        ("name,etw_lb,usable_mj", "column usable_mj: is not read; give usable_kwh in kWh"),
        ("name,etw_lb,curb_kg", "column curb_kg: is not read; give curb_lb in lb"),
    ],
)
def test_a_fault_of_the_header_is_told_once(tmp_path, header, told):
    table = tmp_path / "designs.csv"
    table.write_text(f"{header}\n" + "1,1,1,1\n" * 3)
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles([str(table)], ["udds"], None)
    assert str(caught.value).count(told) == 1
