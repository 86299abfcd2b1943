"""Faults of a term sheet as a user meets them: a scenario file through `framerail check`."""

import re

import pytest
from typer.testing import CliRunner

from framerail.cli import app

HEAD = 'extends = ["nissan-fisker"]\n'
CAPITAL = """
[deal.terms.capital]
source = "assumed"
outstanding = "1e9"
price = "$0.70"
volatility = 1.5
date = "2024.2"
"""
BRIDGE = """
[deal.terms.bridge]
source = "assumed"
lender = "creditors"
issue_discount = "10 %"
base_rate = "5 %"
spread = "12 %"
maturity = "2024.6"
rank = "super-senior"
senior_to = {senior}
draws.first = {{ face = "$40 million", date = "{drawn}" }}
"""
CASES = {
    "circular conditions": (
        """
[deal.terms.conditions.annual-report]
source = "assumed"
probability = 0.9
date = "2024.3"
requires = ["lien-release"]

[deal.terms.conditions.lien-release]
source = "assumed"
probability = 0.9
date = "2024.3"
requires = ["annual-report"]
""",
        "is circular",
        ("take one `requires` out",),
    ),
    "a condition nobody wrote": (
        '[deal.terms.upfront]\nrequires = ["signature"]\n',
        "signature",
        ("define conditions.signature",),
    ),
    "a tranche without a test": (
        """
[deal.terms.milestones.launch]
source = "assumed"
amount = "$50 million"
date = "2026"
deadline = "2027"
probability = 0.5
""",
        "deal.terms.milestones.launch.test",
        ("missing", "expected: "),
    ),
    "a royalty on a product that is not built": (
        "".join(
            f'[market.products.{truck}]\nfirm = "Fisker"\n'
            for truck in ("nissan-awd", "nissan-rwd")
        ),
        "a fee on a product that is not built",
        ("take the clause out",),
    ),
    "a security senior to itself": (
        BRIDGE.format(senior='["bridge"]', drawn="2024.3"),
        "senior to itself",
        ("take one `senior_to` out",),
    ),
    "an option that expires before it starts": (
        CAPITAL
        + """
[deal.terms.warrants]
source = "assumed"
number = "1e7"
strike = "$0.01"
expiry = "2025"
vesting.launch = { share = 1.0, date = "2026", probability = 0.5 }
""",
        "the option expires before it starts",
        ("expiry",),
    ),
    "a note that falls due before it is drawn": (
        BRIDGE.format(senior="[]", drawn="2024.7"),
        "falls due before it is drawn",
        ("maturity",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_message_with_place_and_cure(case, tmp_path):
    text, problem, cures = CASES[case]
    file = tmp_path / "talks.toml"
    file.write_text(HEAD + text, "utf-8")
    found = CliRunner().invoke(app, ["check", str(file)])
    assert found.exit_code == 2, found.output
    lines = found.output.strip().splitlines()
    assert "has 1 fault:" in lines[0], found.output
    assert len(lines) == 2
    assert problem in lines[1]
    assert re.match(r"\s*\S+\.toml(:\d+)? deal\.terms", lines[1])
    for cure in cures:
        assert cure in lines[1]


def test_all_faults_at_once(tmp_path):
    file = tmp_path / "talks.toml"
    apart = ("drawn", "built")  # a second bridge; other tables are compared when all are sound
    chosen = [name for name in CASES if not name.endswith(apart)]
    assert len(chosen) == 5
    file.write_text(HEAD + "".join(CASES[name][0] for name in chosen), "utf-8")
    found = CliRunner().invoke(app, ["check", str(file)])
    assert found.exit_code == 2
    for name in chosen:
        assert CASES[name][1] in found.output, name
