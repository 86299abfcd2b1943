"""One-dimensional distributions by quantile function, as small frozen records.

Only what a study needs: a quantile function, hence a median, any percentile and
quasi-Monte Carlo sampling. Quantiles come from SciPy.
"""

import dataclasses
import functools
import inspect
import itertools
from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A distribution on the real line.

    `kind` and `arguments` say how it was written; `low` and `high` are truncation bounds in
    the same unit (the distribution is conditioned on lying between them).
    """

    kind: str
    arguments: tuple[float, ...]
    low: float = -np.inf
    high: float = np.inf

    def frozen(self) -> rv_frozen:
        """The SciPy distribution before truncation."""
        return _frozen(self.kind, self.arguments)

    def quantile(self, probability: np.ndarray | float) -> np.ndarray:
        """Values at the given probabilities, elementwise."""
        base = self.frozen()
        floor, ceiling = base.cdf(self.low), base.cdf(self.high)
        values = base.ppf(floor + np.asarray(probability) * (ceiling - floor))
        return np.asarray(np.clip(values, self.low, self.high))

    def probability_below(self, value: float) -> float:
        """Probability of a value at or below `value`, truncation included."""
        base = self.frozen()
        floor, ceiling = base.cdf(self.low), base.cdf(self.high)
        return float(np.clip((base.cdf(value) - floor) / (ceiling - floor), 0.0, 1.0))

    def median(self) -> float:
        """The point value that a deterministic run uses."""
        return float(self.quantile(0.5))

    def truncated(self, low: float, high: float) -> "Distribution":
        """The same distribution conditioned on `[low, high]`.

        Raises:
            ValueError: when less than half of the probability lies inside: bounds that bite
                that hard are a mistake of the author, not a tail.
        """
        low, high = max(self.low, low), min(self.high, high)
        base = self.frozen()
        if base.cdf(high) - base.cdf(low) < 0.5:
            raise ValueError(f"more than half of its probability lies outside {low:g} to {high:g}")
        return dataclasses.replace(self, low=low, high=high)


def _normal(mean: float, deviation: float) -> rv_frozen:
    return stats.norm(mean, deviation)


def _lognormal(median: float, factor: float) -> rv_frozen:
    return stats.lognorm(s=np.log(factor), scale=median)


def _uniform(low: float, high: float) -> rv_frozen:
    return stats.uniform(low, high - low)


def _triangular(low: float, mode: float, high: float) -> rv_frozen:
    return stats.triang((mode - low) / (high - low), low, high - low)


def _pert(low: float, mode: float, high: float) -> rv_frozen:
    width = high - low
    return stats.beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, width)


_FROZEN: dict[str, Callable[..., rv_frozen]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "triangular": _triangular,
    "pert": _pert,
}


@functools.lru_cache(maxsize=4096)  # freezing takes longer than a hundred quantiles
def _frozen(kind: str, arguments: tuple[float, ...]) -> rv_frozen:
    return _FROZEN[kind](*arguments)


def _increasing(kind: str, *values: float) -> Distribution:
    if any(b < a for a, b in itertools.pairwise(values)) or values[0] == values[-1]:
        raise ValueError("expected increasing values, low first")
    return Distribution(kind, values)


def normal(mean: float, deviation: float) -> Distribution:
    """Normal by mean and standard deviation (> 0)."""
    if deviation <= 0:
        raise ValueError("expected a standard deviation above zero")
    return Distribution("normal", (mean, deviation))


def lognormal(median: float, factor: float) -> Distribution:
    """Log-normal by median (> 0) and one-sigma factor (> 1): 68% lies in median / or x factor."""
    if median <= 0 or factor <= 1:
        raise ValueError("expected a median above zero and a factor above one")
    return Distribution("lognormal", (median, factor))


def uniform(low: float, high: float) -> Distribution:
    """Uniform between two bounds."""
    return _increasing("uniform", low, high)


def triangular(low: float, mode: float, high: float) -> Distribution:
    """Triangular by low, mode and high."""
    return _increasing("triangular", low, mode, high)


def pert(low: float, mode: float, high: float) -> Distribution:
    """Beta-PERT by low, mode and high: smoother and less tailed than the triangular."""
    return _increasing("pert", low, mode, high)


DISTRIBUTIONS: dict[str, Callable[..., Distribution]] = {
    "normal": normal,
    "lognormal": lognormal,
    "uniform": uniform,
    "triangular": triangular,
    "pert": pert,
}
"""Names that a scenario file may use, with their makers."""


def argument_names(kind: str) -> tuple[str, ...]:
    """What a distribution's list holds, in order, such as `("mean", "deviation")`."""
    return tuple(inspect.signature(DISTRIBUTIONS[kind]).parameters)
