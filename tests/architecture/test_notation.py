"""The notation page is the contract: every name that it gives stands in the file that it gives."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\|[^|]*\| `(?P<name>\w+)` \|[^|]*\| `(?P<file>[\w/.]+)` \|", re.MULTILINE)
PAGE = (ROOT / "docs" / "notation.md").read_text("utf-8")
ROWS = [(row["name"], row["file"]) for row in ROW.finditer(PAGE)]


def test_every_row_of_the_page_is_read():
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and "| code name |" not in line
    ]
    assert len(rows) == len(ROWS)


@pytest.mark.parametrize(("name", "file"), ROWS)
def test_name_stands_in_its_file(name, file):
    text = (ROOT / "src" / "framerail" / file).read_text("utf-8")
    assert re.search(rf"\b{name}\b", text), f"docs/notation.md: no '{name}' in {file}"


@pytest.mark.parametrize("stage", ["Vehicle", "Cost", "Market", "Plant", "Program", "Deal"])
def test_every_stage_has_its_table(stage):
    assert f"\n## {stage}\n" in PAGE
