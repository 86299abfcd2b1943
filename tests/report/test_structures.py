"""The terminal and the files of a comparison of structures."""

import io

import equinox as eqx
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from framerail.report.structure_console import UNSETTLED, structures_summary, verdict
from framerail.report.structure_tables import TABLES, structure_tables
from framerail.report.structures import variant_settings, write_structures
from framerail.studies.outside_options import OutsideOptions
from framerail.studies.structure_figures import FAILURES, StructureFigures
from framerail.studies.structure_freedoms import freedoms
from framerail.studies.structure_options import EXITS, stopping, waiting
from framerail.studies.structure_terms import Lever
from framerail.studies.structures import OWN, Structures
from framerail.studies.tranche_schedule import Offer, Tranche, bargain

DRAWS = 64
NAMES = (OWN, "all upfront", "milestones", "equity")


VALUES = np.linspace(-9e8, -1e8, DRAWS)
OUTSIDE = OutsideOptions(
    {"do nothing": 0.0 * VALUES, "own platform later": VALUES},
    {"carry on": 0.0 * VALUES, "bridge loan": 0.0 * VALUES + 2e7},
    np.ones(DRAWS, bool),
    1.0,
)
OFFERS = [
    Offer((Tranche("upfront", face, 2024.25),), np.array([5e8 - face, face - 1e8]),
          np.array([1e6, 1e6]), VALUES)
    for face in (0.0, 2e8, 4e8, 6e8)
]  # fmt: skip
LEVERS = [
    Lever("upfront.amount", 160e6, 10e6, np.array([-9e6, 8e6, 1e6]), np.array([9e6, -8e6, -1e6]),
          np.full(3, 1e5), ("down",)),
    Lever("build_fee.markup", 0.06, 0.05, np.array([-3e6, -1e6, 0.0]), np.array([3e6, 1e6, 0.0]),
          np.full(3, 1e5), ()),
    Lever("milestones.prototype.date", 2025.0, 0.25, np.array([3e6, -1e6, 0.0]),
          np.array([-3e6, 1e6, 0.0]), np.full(3, 1e5), ()),
]  # fmt: skip


def batch(**fields):
    """Figures with a leading draw axis, which the annotations of one draw do not have."""
    made = object.__new__(StructureFigures)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def made(draws, shift, seed):
    head = eqx.tree_at(lambda h: h.gain, draws.outputs, np.asarray(draws.outputs.gain) + shift)
    head = eqx.tree_at(lambda h: h.joint_gain, head, np.asarray(head.gain)[:, :2].sum(axis=1))
    generator = np.random.default_rng(seed)
    quarters = np.asarray(head.default_with).shape[1]
    blank = np.zeros(DRAWS)
    return batch(
        headline=head,
        promised=blank + 400e6,
        paid=blank + 300e6,
        paid_and_failed=blank + 210e6,
        fails_with=np.asarray(head.default_with),
        fails_without=np.asarray(head.default_without),
        fails_after_signing=generator.uniform(0.1, 0.9, DRAWS),
        gain_if_fails=generator.normal(-2e8, 5e7, DRAWS),
        steps_in=blank,
        incumbent_cash=generator.normal(-1e7, 2e7, (DRAWS, FAILURES, quarters // 4)),
        failure_date=generator.uniform(2024.5, 2040.0, (DRAWS, FAILURES)),
        incumbent_discount=np.ones((DRAWS, quarters)),
        start_up_discount=np.ones((DRAWS, quarters)),
        alone=blank,
    )


@pytest.fixture(scope="module")
def found(study, scenario):
    shifts = dict(zip(NAMES, (0.0, -2e8, 3e8, -3e8), strict=True))
    figures = {name: made(study.draws, shift, 3) for name, shift in shifts.items()}
    quarters = np.asarray(scenario.start_of_quarter)
    return Structures(
        scenario=scenario,
        figures=figures,
        usable=study.draws.valid,
        waiting={name: waiting(one, quarters, 2024.16) for name, one in figures.items()},
        stopping={
            name: [stopping(one, quarters[::4], *how) for how in EXITS]
            for name, one in figures.items()
        },
        sites=study.sites,
        outside=OUTSIDE,
        bargain=bargain(OFFERS, OUTSIDE.disagreement, 0.6),
        levers=LEVERS,
        flexibility=freedoms(figures, OUTSIDE, study.sites, quarters),
        seed=1,
    )


def text_of(found):
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(structures_summary(found))
    return console.file.getvalue()


def test_terminal_fits_in_80_columns_and_answers_every_question(found):
    text = text_of(found)
    assert max(len(line) for line in text.splitlines()) <= 80
    for heading in ("Gain over no deal", "The check", "fails after signing", "Three weeks",
                    "Freedom to stop", "Plant", "has failed before the first truck",
                    "Without the deal", "Tranche schedules", "Bargain over", "Terms, one step up",
                    "Freedoms under", "When to stop", "Talks, now at: term sheet"):  # fmt: skip
        assert heading in text
    for name in NAMES:
        assert text.count(name) >= 8
    assert " ".join(UNSETTLED.split()[:8]) in " ".join(text.split())
    assert "62 of 64 draws usable" in text


def test_verdict_names_the_best_and_says_when_to_walk_away(found):
    joint, accepted, schedule, terms, waits, check = verdict(found)
    assert "1 moves, 1 destroys, 1 creates" in terms
    assert "Upfront · amount (+$10 million: $8 million) moves most" in terms
    assert "against do nothing" in accepted
    assert "bridge loan ($20 million for its holders)" in schedule
    assert "2 of 4 tranche schedules" in schedule
    assert "$200M 2024.25" in schedule
    assert "'milestones'" in joint
    assert "should accept 'milestones'" in accepted
    assert "three weeks" in waits
    assert "$300 million would be paid" in check
    assert "$90 million where the program goes on" in check
    poor = {
        name: eqx.tree_at(lambda f: f.headline.gain, one, np.asarray(one.headline.gain) - 1e9)
        for name, one in found.figures.items()
    }
    worse = Structures(**{**vars(found), "figures": poor})
    assert "walk away" in verdict(worse)[1]
    assert worse.accept is None


def test_tables_are_complete_and_agree_with_the_terminal(found, tmp_path):
    write_structures(found, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.csv")} == set(TABLES)
    told = (tmp_path / "structures.txt").read_text("utf-8")
    assert "Public facts do not settle" in told
    table = pd.read_csv(tmp_path / "structures.csv").set_index(["structure", "figure"])
    for name in NAMES:
        rows = table.loc[name]["mean"]
        assert rows["gain: incumbent"] == pytest.approx(found.gain(name).mean())
        assert rows["gain: both partners"] == pytest.approx(found.joint(name).mean())
        assert rows["bought_trucks"] + rows["lost_in_failure"] == pytest.approx(rows["paid"])
        assert rows["paid"] <= rows["promised"]
    for name, frame in structure_tables(found).items():
        assert list(frame.columns) == list(TABLES[name][1])
        assert len(frame) > 0


def test_variant_settings_are_overrides_that_a_scenario_understands():
    settings = variant_settings("deal-equity")
    assert 'deal.terms.equity.amount="$400 million"' in settings
    share = next(one for one in settings if one.startswith("deal.terms.equity.share="))
    assert "triangular = [0.4, 0.55, 0.7]" in share
