"""The terminal: everything fits in 80 columns and says what the files say."""

import io

import pytest
from rich.console import Console

from framerail.report import console_summary, describe_catalog


def printed(renderable, width=80):
    stream = io.StringIO()
    Console(width=width, file=stream).print(renderable)
    return stream.getvalue()


def test_the_summary_fits_in_80_columns(study):
    text = printed(console_summary(study))
    assert max(map(len, text.splitlines())) <= 80
    for word in ("Nissan", "Fisker", "Canton", "alaska-awd", "even split", "62 of 64"):
        assert word in text
    assert "nan" not in text.lower()
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("trucks", "lightning-pro-sr-2022"),
        ("plants", "canton"),
        ("companies", "fisker"),
        ("policies", "section-30d"),
        ("cycles", "udds"),
        ("scenarios", "nissan-fisker"),
    ],
)
def test_every_catalog_lists_its_entries_with_sources(name, entry):
    text = printed(describe_catalog(name), 100)
    assert entry in text
    assert "source" in text or name == "scenarios"
    assert max(map(len, text.splitlines())) <= 100


def test_an_unknown_catalog_names_the_known_ones():
    with pytest.raises(ValueError, match="trucks, plants"):
        describe_catalog("ships")
