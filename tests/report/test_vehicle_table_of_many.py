"""`framerail vehicle` on the issue's own columns, on odd vehicles, and on ten thousand rows."""

import numpy as np
import pandas as pd
import pytest

import framerail as fr
from framerail.report import vehicle_table

HEADER = (
    "name,A_lbf,B_lbf_per_mph,C_lbf_per_mph2,etw_lb,rated_hp,drive,axle_ratio,make,usable_kwh\n"
)
ODD = """lightning,36.21,0.3396,0.03459,7000,580,awd,9.6,Ford,131
heavy,60,0.9,0.06,14000,300,rwd,,GMC,200
tiny,25,0.2,0.015,3500,150,fwd,9,Nissan,1.5
no ratio,30,0.2,0.02,5000,300,awd,,,80
weak,30,0.2,0.02,6000,20,fwd,1,Acme,60
no power,30,0.2,0.02,6000,,"2-Wheel Drive, Rear",0,Tesla,
strong,30,0.2,0.02,4000,2800,awd,9,Tesla,100
"""
CYCLES = ("udds", "hwfet", "us06")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A cycle of nine seconds."""
    path = tmp_path_factory.mktemp("cycles") / "short.csv"
    rows = "".join(f"{k},{v}\n" for k, v in enumerate([0, 4, 9, 14, 18, 20, 20, 15, 8, 0]))
    path.write_text("time_s,speed_mph\n" + rows)
    return path


def test_the_columns_are_those_asked_for_and_odd_vehicles_have_an_outcome(tmp_path):
    table, out = tmp_path / "designs.csv", tmp_path / "out.csv"
    table.write_text(HEADER + ODD)
    fr.run_vehicles([str(table)], list(CYCLES), str(out))
    frame = pd.read_csv(out)
    shown = [*CYCLES, "combined"]
    energy = [f"{c}_{kind}_kwh_per_100mi" for c in shown for kind in ("wall", "dc")]
    label = [f"label_{part}_kwh_per_100mi" for part in ("city", "highway", "combined")]
    bounds = [f"{c}_wall_kwh_per_100mi_{end}" for c in shown for end in ("p05", "p95")]
    assert list(frame.columns) == [
        *("name", *energy, *label, "label_range_mi", "zero_to_sixty_s", *bounds),
        *("audit_residual", "outcome"),
    ]
    told = dict(zip(frame["name"], frame["outcome"], strict=True))
    assert told["lightning"] == told["no ratio"] == told["no power"] == told["strong"] == "ok"
    assert told["heavy"] == told["weak"] == "trace_missed"
    assert told["tiny"] == "trace_missed battery_empty sixty_not_reached"
    assert frame["audit_residual"].max() < 1e-12
    assert frame["zero_to_sixty_s"].isna().tolist() == [name == "tiny" for name in frame["name"]]
    assert frame.drop(columns="zero_to_sixty_s").notna().all(axis=None)
    for cycle in shown:
        middle = frame[f"{cycle}_wall_kwh_per_100mi"]
        low, high = (frame[f"{cycle}_wall_kwh_per_100mi_{end}"] for end in ("p05", "p95"))
        assert np.all((0.75 * middle < low) & (low < middle) & (middle < high))
        assert np.all(high < 1.34 * middle)
        assert np.all(frame[f"{cycle}_dc_kwh_per_100mi"] < middle)
    mean = 0.55 * frame["udds_wall_kwh_per_100mi"] + 0.45 * frame["hwfet_wall_kwh_per_100mi"]
    assert frame["combined_wall_kwh_per_100mi"].to_numpy() == pytest.approx(mean.to_numpy())
    assert frame["label_combined_kwh_per_100mi"].to_numpy() == pytest.approx(
        mean.to_numpy() / 0.7, rel=0.005
    )


def test_ten_thousand_rows_in_one_call_and_the_bad_ones_are_listed(tmp_path, short):
    table, out = tmp_path / "designs.csv", tmp_path / "out.csv"
    weights = np.linspace(3_000.0, 9_000.0, 10_000)
    weights[[17, 9_000]] = -5.0, np.nan
    lines = [
        f"d{k},30,0.2,0.02,{w:.1f},300,awd,9,Ford,{60 + k % 90}\n" for k, w in enumerate(weights)
    ]
    table.write_text(HEADER + "".join(lines))
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles([str(table)], [str(short)], str(out))
    assert len(caught.value.faults) == 2
    assert not out.exists()
    result = fr.run_vehicles([str(table)], [str(short)], str(out), skip_bad=True)
    assert result.rows == 9_998
    assert [w.split(":")[0] for w in result.warnings] == ["row 18 (d17)", "row 9001 (d9000)"]
    frame = pd.read_csv(out)
    names = [f"d{k}" for k in range(10_000) if k not in (17, 9_000)]
    assert frame["name"].tolist() == names
    energy = frame["short_dc_kwh_per_100mi"].to_numpy()
    assert np.all(np.isfinite(energy))
    assert energy[-1] > 1.5 * energy[0]
    # A row gives the same figures whatever stands beside it.
    single = tmp_path / "one.csv"
    single.write_text(HEADER + lines[9_999])
    fr.run_vehicles([str(single)], [str(short)], str(out))
    alone = pd.read_csv(out)["short_dc_kwh_per_100mi"][0]
    assert alone == pytest.approx(energy[-1], rel=1e-9)


def test_a_faulty_cycle_is_told_beside_a_faulty_row(tmp_path):
    trace, table = tmp_path / "mine.csv", tmp_path / "designs.csv"
    trace.write_text("time_s,speed_mph\n0,0\n5,9\n4,0\n")
    table.write_text(HEADER + ODD.splitlines()[0].replace("7000", "7000 kg") + "\n")
    with pytest.raises(fr.ScenarioError) as caught:
        fr.run_vehicles([str(table)], [str(trace), "wltp"], None)
    told = str(caught.value)
    assert "row 3, column time_s: 4 does not rise" in told
    assert "--cycle wltp: no such cycle" in told
    assert "'7000 kg' is not a number; give it in lb" in told


def test_a_files_name_never_hides_another_column():
    assert vehicle_table._new_name("udds", ["udds", "x/udds.csv"]) == "udds_file"
    assert vehicle_table._new_name("commute", ["udds", "commute.csv"]) == "commute"
