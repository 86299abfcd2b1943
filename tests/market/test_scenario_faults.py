"""What `framerail check` says of a market that cannot be: each fault with its place and cure."""

import numpy as np
import pytest
from typer.testing import CliRunner

import framerail as fr
from framerail.cli import app
from framerail.studies.sampling import sample_leaves

HEAD = 'schema = 1\nextends = "nissan-fisker"\n[about]\nname = "bad"\n'
BAD = {
    "shares above one": (
        '[market]\nmarket_size = { value = "2 million trucks", source = "assumed: x" }\n',
        "sales reach the market size: no outside good is left; raise market_size",
    ),
    "product without a price": (
        '[market.products.r1t]\nprice = { value = "$0", source = "assumed: x" }\n',
        "a product needs a price above zero",
    ),
    "nest of one": (
        '[market.nests.small]\nproducts = ["ranger"]\n'
        'correlation = { value = 0.4, source = "assumed: x" }\n',
        "nests.small is a nest of 1",
    ),
    "nest of a stranger": (
        '[market.nests.small]\nproducts = ["ranger", "rangr"]\n'
        'correlation = { value = 0.4, source = "assumed: x" }\n',
        "nests.small names no product rangr",
    ),
    "unknown owner": (
        '[market.products.ranger]\nfirm = "Fordd"\n',
        "products.ranger is owned by Fordd, who owns nothing else; if Ford is meant",
    ),
    "credit without dates": (
        '[program.policy.states.ours]\ninstrument = "ours"\n'
        'amount = { value = "$1000", source = "assumed: x" }\n'
        'buyer_share = { value = 0.2, source = "assumed: x" }\n',
        "program.policy.states.ours.starts",
    ),
    "demand that slopes up": (
        "[market.preferences]\n"
        'price_sensitivity = { value = "-0.0001 1/dollar", source = "assumed: x" }\n',
        "market.preferences.price_sensitivity",
    ),
    "groups that are no partition": (
        '[market.preferences.demographics]\nsource = "assumed: x"\n'
        "[market.preferences.demographics.groups.all]\n"
        'share = 0.9\nincome = 1\nrural = 0.2\nage = "50 year"\n',
        "shares of the groups sum to 0.9",
    ),
}


def messages(path):
    with pytest.raises(fr.ScenarioError) as caught:
        fr.read_scenario(str(path))
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("kind", sorted(BAD))
def test_each_fault_has_its_place_and_cure(kind, tmp_path):
    text, said = BAD[kind]
    path = tmp_path / "bad.toml"
    path.write_text(HEAD + text)
    found = messages(path)
    assert any(said in one for one in found), found


def test_check_prints_the_faults_and_fails(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(HEAD + BAD["nest of one"][0])
    told = CliRunner().invoke(app, ["check", str(path)])
    assert told.exit_code != 0
    assert "nest of 1" in " ".join(told.output.split())


def test_no_draw_of_a_wide_price_sensitivity_slopes_up(tmp_path):
    """A distribution is cut at its quantity's bounds, so that no draw likes a higher price; one
    that lies mostly beyond them is refused."""
    path = tmp_path / "wide.toml"
    line = 'price_sensitivity = { normal = ["%s 1/dollar", "1e-4 1/dollar"], source = "assumed" }\n'
    path.write_text(HEAD + "[market.preferences]\n" + line % "0.00011")
    scenario = fr.read_scenario(str(path))
    leaf = "market.preferences.price_sensitivity"
    place = [one.path for one in scenario.uncertainty].index(leaf)
    points = np.full((3, len(scenario.uncertainty)), 0.5)
    points[:, place] = (1e-9, 1e-3, 0.5)
    drawn = sample_leaves(scenario, points)[:, place]
    assert np.all(drawn >= 1e-6)
    assert np.all(np.diff(drawn) > 0)
    path.write_text(HEAD + "[market.preferences]\n" + line % "-0.0002")
    assert any(leaf in one for one in messages(path))
