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
