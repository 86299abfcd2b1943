"""Every element of the reference truck is uncertain, and the worked check lies inside its range."""

import numpy as np
import pytest

from framerail.cost import ELEMENTS
from framerail.studies.published_costs import WORKED
from framerail.studies.worked_truck import own_estimate


@pytest.fixture(scope="module")
def own():
    return own_estimate()


def test_every_element_is_uncertain(own):
    low, middle, high = np.quantile(own.by_element, [0.1, 0.5, 0.9], axis=0)
    for place, name in enumerate(ELEMENTS):
        assert 0.04 < (high - low)[place] / middle[place] < 3.0, name
    assert own.by_element.min() > 0


def test_the_worked_check_lies_in_the_interval_of_our_own_estimate(own):
    """Manufacturing cost: all but outbound freight, warranty and recalls."""
    worked = [dollars for *_, dollars in WORKED[:2]]
    low, high = np.quantile(own.total, [0.1, 0.9])
    assert low < min(worked)
    assert high > max(worked)
    assert high - low < 0.4 * np.median(own.total)


def test_the_groups_are_the_whole(own):
    """Medians by group against the same elements summed: no element is lost or counted twice."""
    ours = sum(middle for _, middle, _ in own.by_group)
    assert ours == pytest.approx(float(np.median(own.total)), rel=0.05)
    assert sum(worked for *_, worked in own.by_group) == pytest.approx(WORKED[0][-1], abs=1.0)
