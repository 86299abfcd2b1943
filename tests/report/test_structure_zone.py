"""`framerail zone`: what is asked for, what is wrong with it, and what is written."""

import io

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from framerail.cli import app
from framerail.deal import efficient_frontier, zone_from_gains
from framerail.report import structure_zone
from framerail.report.structure_axes import read_axes
from framerail.report.structure_zone import verdict, write_zone, zone_summary, zone_table
from framerail.scenario_file import ScenarioError
from framerail.studies.structure_terms import Axis, TermZone

TERMS = ("upfront.amount", "royalty.per_unit")


def made(scenario, shift=0.0, points=9):
    paid, fee = np.linspace(0.0, 500e6, points), np.linspace(0.0, 4_000.0, points)
    first = 200e6 - paid[:, None] + 30e3 * fee[None, :] + shift
    second = 0.9 * paid[:, None] - 30e3 * fee[None, :] - 100e6 + shift
    both = jnp.asarray(np.stack([first, second], axis=-1).reshape(-1, 2))
    return TermZone(
        scenario=scenario,
        first=Axis(TERMS[0], paid),
        second=Axis(TERMS[1], fee),
        zone=zone_from_gains(*map(jnp.asarray, (paid, fee, first, second)), jnp.asarray(0.6)),
        error=np.full((points, points, 2), 3e6),
        efficient=np.asarray(efficient_frontier(both)).reshape(points, points),
        draws=16,
        usable=15,
        seed=4,
    )


def faults(scenario, *texts, points=5):
    with pytest.raises(ScenarioError) as error:
        read_axes(scenario, texts, points)
    return str(error.value)


def test_ranges_are_written_or_usual(scenario):
    first, second = read_axes(scenario, ("deal.terms.upfront.amount", "equity.share=0:40 %"), 5)
    np.testing.assert_allclose(first.values, np.linspace(50e6, 300e6, 5))  # its distribution's
    np.testing.assert_allclose(second.values, [0.0, 0.1, 0.2, 0.3, 0.4])
    first, second = read_axes(scenario, ("royalty.per_unit=$0:$6,000/truck", "upfront.date"), 3)
    np.testing.assert_allclose(first.values, [0.0, 3_000.0, 6_000.0])
    np.testing.assert_allclose(second.values, [2023.75, 2024.5, 2025.25])


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("upfront.amont", TERMS[1]), ("no such term", "nearest: 'deal.terms.upfront.amount'")),
        (("royalty", TERMS[0]), ("is a clause", "such as 'deal.terms.royalty.")),
        (("milestones.prototype.test", TERMS[0]), ("'calendar' is a choice, not a number",)),
        ((TERMS[0], "deal.terms.upfront.amount=$0:$9"), ("is the first term again",)),
        (("upfront.amount=$5:$1", TERMS[1]), ("the range $5 to $1 is empty",)),
        (("upfront.amount=$5:$5", TERMS[1]), ("is empty",)),
        (("equity.share=0:5", TERMS[1]), ("out of range", "between 0 and 1")),
        (("upfront.amount=many:$1", TERMS[1]), ("'many' has no number",)),
        (("upfront.amount=7 kg:$1", TERMS[1]), ("expected a number with a unit",)),
        (("upfront.amount=$7", TERMS[1]), ("expected LOW:HIGH",)),
        (("equity.amount", TERMS[1]), ("its value is zero", "equity.amount=LOW:HIGH")),
        (
            ("milestones.prototype.date=2024.5:2027", "milestones.prototype.deadline=2025:2026"),
            ("the deadline lies before the date", "date at 2027"),
        ),
    ],
)
def test_faults_are_named_with_the_nearest_right_thing(scenario, texts, told):
    message = faults(scenario, *texts)
    for part in told:
        assert part in message
    assert "has 1 fault" in message


def test_all_faults_of_the_command_line_come_at_once(scenario):
    assert "has 2 faults" in faults(scenario, "upfront.amont", "royalty.per_unit=$9:$1/truck")


@pytest.mark.parametrize("shift", [0.0, -1e9])
def test_the_terminal_fits_in_80_columns(scenario, shift):
    found = made(scenario, shift)
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(zone_summary(found))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for part in ("Who gains", "Joint gain", "Bargaining solutions", "15 of 16 draws usable"):
        assert part in text
    assert ("Kalai-Smorodinsky" in text) == (shift == 0.0)
    told = verdict(found)
    assert told.startswith("No pair leaves both" if shift else "Both gain on average on ")


def test_files_hold_every_pair_and_nothing_else_is_left(scenario, tmp_path):
    found = made(scenario)
    write_zone(found, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(structure_zone.FILES)
    table = pd.read_csv(tmp_path / "zone.csv")
    assert len(table) == 81
    pair = table[(table["deal.terms.upfront.amount"] == 250e6)
                 & (table["deal.terms.royalty.per_unit"] == 2_000.0)].iloc[0]  # fmt: skip
    assert pair["incumbent_gain"] == pytest.approx(200e6 - 250e6 + 60e6)
    assert pair["joint_gain"] == pytest.approx(pair["incumbent_gain"] + pair["start_up_gain"])
    assert table["nash"].sum() == table["kalai_smorodinsky"].sum() == 1
    assert zone_table(made(scenario, -1e9))["kalai_smorodinsky"].sum() == 0
    chosen = table[table["nash"]].iloc[0]
    assert chosen["both_gain"]
    assert chosen["deal.terms.upfront.amount"] == float(found.zone.nash.upfront)
    assert "upfront" in (tmp_path / "zone.html").read_text("utf-8").lower()


def test_a_broken_write_leaves_the_folder_as_it_was(scenario, tmp_path, monkeypatch):
    (tmp_path / "zone.csv").write_text("old", "utf-8")

    def broken(found):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(structure_zone, "zone_map", broken)
    with pytest.raises(OSError, match="No space"):
        write_zone(made(scenario), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["zone.csv"]
    assert (tmp_path / "zone.csv").read_text("utf-8") == "old"


def test_the_command_names_faults_and_writes_nothing(tmp_path):
    out = tmp_path / "there"
    found = CliRunner().invoke(
        app, ["zone", "nissan-fisker", "upfront.amont", TERMS[1], "--out", str(out)]
    )
    assert found.exit_code == 2
    assert "nearest: 'deal.terms.upfront.amount'" in found.output
    assert not out.exists()
