"""Distributions against SciPy's own and against closed forms."""

import numpy as np
import pytest
from scipy import stats

from framerail.distributions import DISTRIBUTIONS, Distribution, argument_names

PROBABILITIES = np.array([0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
CASES = {
    "normal": ((113.0, 4.0), stats.norm(loc=113.0, scale=4.0)),
    "lognormal": ((100.0, 1.2), stats.lognorm(s=np.log(1.2), scale=100.0)),
    "uniform": ((90.0, 110.0), stats.uniform(loc=90.0, scale=20.0)),
    "triangular": ((90.0, 95.0, 110.0), stats.triang(c=0.25, loc=90.0, scale=20.0)),
    "pert": ((90.0, 95.0, 110.0), stats.beta(a=2.0, b=4.0, loc=90.0, scale=20.0)),
}


@pytest.fixture(params=CASES)
def case(request):
    arguments, reference = CASES[request.param]
    return DISTRIBUTIONS[request.param](*arguments), reference


def test_every_kind_has_a_case():
    assert CASES.keys() == DISTRIBUTIONS.keys()


def test_quantiles_match_scipy(case):
    distribution, reference = case
    np.testing.assert_allclose(
        distribution.quantile(PROBABILITIES), reference.ppf(PROBABILITIES), rtol=1e-12
    )


def test_median_splits_the_probability_in_half(case):
    distribution, reference = case
    assert reference.cdf(distribution.median()) == pytest.approx(0.5, abs=1e-12)


def test_truncation_conditions_on_the_bounds(case):
    distribution, reference = case
    low, high = reference.ppf([0.1, 0.8])
    truncated = distribution.truncated(low, high)
    expected = reference.ppf(0.1 + PROBABILITIES * 0.7)
    np.testing.assert_allclose(truncated.quantile(PROBABILITIES), expected, rtol=1e-9)
    assert (truncated.quantile(0.0), truncated.quantile(1.0)) == pytest.approx((low, high))


def test_sampled_mean_of_a_truncated_normal_matches_its_closed_form():
    probabilities = (np.arange(20_000) + 0.5) / 20_000
    sample = DISTRIBUTIONS["normal"](1.0, 2.0).truncated(0.0, 5.0).quantile(probabilities)
    expected = stats.truncnorm(-0.5, 2.0, loc=1.0, scale=2.0)
    assert sample.mean() == pytest.approx(expected.mean(), rel=1e-6)
    assert sample.std() == pytest.approx(expected.std(), rel=1e-5)


def test_bounds_far_outside_change_nothing(case):
    distribution, _ = case
    wide = distribution.truncated(-1e9, 1e9)
    np.testing.assert_array_equal(
        wide.quantile(PROBABILITIES), distribution.quantile(PROBABILITIES)
    )


def test_truncating_twice_keeps_both_bounds():
    once = DISTRIBUTIONS["uniform"](0.0, 10.0).truncated(0.0, 8.0)
    assert once.truncated(2.0, 20.0) == Distribution("uniform", (0.0, 10.0), 2.0, 8.0)


@pytest.mark.parametrize(("low", "high"), [(6.0, 20.0), (-5.0, 4.0), (11.0, 12.0), (8.0, 2.0)])
def test_bounds_that_bite_too_hard_are_refused(low, high):
    with pytest.raises(ValueError, match="more than half of its probability lies outside"):
        DISTRIBUTIONS["uniform"](0.0, 10.0).truncated(low, high)


def test_bounds_that_meet_in_nothing_are_refused():
    once = DISTRIBUTIONS["uniform"](0.0, 10.0).truncated(0.0, 6.0)
    with pytest.raises(ValueError, match="lies outside 4 to 6"):
        once.truncated(4.0, 10.0)


@pytest.mark.parametrize(
    ("kind", "arguments", "problem"),
    [
        ("normal", (1.0, 0.0), "deviation above zero"),
        ("normal", (1.0, -1.0), "deviation above zero"),
        ("lognormal", (0.0, 1.2), "median above zero"),
        ("lognormal", (1.0, 1.0), "factor above one"),
        ("uniform", (1.0, 1.0), "increasing"),
        ("uniform", (2.0, 1.0), "increasing"),
        ("triangular", (1.0, 0.0, 2.0), "increasing"),
        ("triangular", (1.0, 3.0, 2.0), "increasing"),
        ("pert", (1.0, 1.0, 1.0), "increasing"),
    ],
)
def test_impossible_arguments_are_refused(kind, arguments, problem):
    with pytest.raises(ValueError, match=problem):
        DISTRIBUTIONS[kind](*arguments)


@pytest.mark.parametrize("kind", ["triangular", "pert"])
@pytest.mark.parametrize("mode", [0.0, 1.0])
def test_the_mode_may_lie_at_an_end(kind, mode):
    quantiles = DISTRIBUTIONS[kind](0.0, mode, 1.0).quantile(PROBABILITIES)
    assert np.all(np.diff(quantiles) > 0)
    assert quantiles[0] > 0
    assert quantiles[-1] < 1


def test_argument_names_are_those_that_a_message_shows():
    assert argument_names("normal") == ("mean", "deviation")
    assert argument_names("pert") == ("low", "mode", "high")
