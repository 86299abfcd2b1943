"""How a figure is spread over the draws: percentiles, shares, the tail."""

import dataclasses

import numpy as np

TAIL = 0.05
"""Part of the draws in the conditional value at risk."""


@dataclasses.dataclass(frozen=True)
class Spread:
    """One figure over the usable draws; all zero, with `count` zero, where none is usable.

    `tail` is the conditional value at risk: the mean of the worst (lowest) 5% of draws.
    `positive` is the share of draws above zero.
    """

    count: int
    mean: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float
    tail: float
    positive: float

    def as_dict(self) -> dict[str, float]:
        """Keys of `summary.json`."""
        return {
            "mean": self.mean,
            "p5": self.p5,
            "p10": self.p10,
            "p50": self.p50,
            "p90": self.p90,
            "p95": self.p95,
            "cvar_5": self.tail,
            "share_positive": self.positive,
        }


def spread(values: np.ndarray) -> Spread:
    """Spread of one figure; `values` has one entry per usable draw."""
    values = np.asarray(values, dtype=float)
    if values.size == 0:
        return Spread(0, *([0.0] * 8))
    low, tenth, middle, ninety, high = np.percentile(values, (5, 10, 50, 90, 95))
    worst = np.sort(values)[: max(1, round(TAIL * values.size))]
    return Spread(
        count=values.size,
        mean=float(values.mean()),
        p5=float(low),
        p10=float(tenth),
        p50=float(middle),
        p90=float(ninety),
        p95=float(high),
        tail=float(worst.mean()),
        positive=float((values > 0).mean()),
    )


def bands(values: np.ndarray) -> np.ndarray:
    """Mean and 10th, 50th, 90th percentile along the draws; shape (4, ...)."""
    if values.shape[0] == 0:
        return np.zeros((4, *values.shape[1:]))
    return np.concatenate([values.mean(axis=0)[None], np.percentile(values, (10, 50, 90), axis=0)])


def share(marks: np.ndarray) -> float:
    """Share of draws that are marked; zero where there is none."""
    return float(np.mean(marks)) if np.size(marks) else 0.0
