"""The launch curve against measured ramps and against quadrature."""

import importlib.resources

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import least_squares

from framerail.numerics.calendar import quarter_grid
from framerail.plant import Launch, launch_fraction, logistic_output, logistic_rate


def ramps() -> pd.DataFrame:
    table = importlib.resources.files("framerail").joinpath("data", "plant", "ramps.csv")
    with table.open("r", encoding="utf-8") as stream:
        return pd.read_csv(stream, comment="#")


def fitted(launch: str) -> tuple[float, float, float, float]:
    """Mature quarterly rate, time to half, time constant and root-mean-square error."""
    rows = ramps().query("launch == @launch and as_of <= '2024-03-01'")
    start = rows["start_of_production"].iloc[0]
    begin = jnp.asarray(rows["quarter_start"].to_numpy(float) - start)
    built = rows["built"].to_numpy(float)
    scale = built.max()

    def error(point):
        level, half, constant = np.exp(point)
        mean = logistic_output(begin, begin + 0.25, jnp.asarray(half), jnp.asarray(constant)) / 0.25
        return np.asarray(level * mean - built / scale)

    best = least_squares(error, np.log([1.0, 0.8, 0.3]))
    level, half, constant = np.exp(best.x)
    return level * scale, half, constant, scale * float(np.sqrt(np.mean(error(best.x) ** 2)))


def test_rivian_fit_agrees_with_the_published_fit():
    # Facts: cap 20.7k a quarter, half at 5.6 quarters counting 2021Q4 as the first, tau 2.0
    # quarters, RMSE 908 (fitted at quarter points; here the quarter's integral is fitted).
    level, half, constant, error = fitted("rivian-normal")
    assert level == pytest.approx(20_700, rel=0.01)
    assert 2021.70 + half == pytest.approx(2021.875 + 0.25 * 4.61, abs=0.02)
    assert constant == pytest.approx(2.0 / 4, rel=0.03)
    assert error < 910


def test_ocean_climbed_faster_than_rivian_to_a_quarter_of_its_plan():
    level, half, _, error = fitted("fisker-ocean")
    assert half == pytest.approx(0.60, abs=0.08)
    assert 4 * level / 50_000 == pytest.approx(0.38, abs=0.02)
    assert error < 100


def test_integral_agrees_with_quadrature():
    half, constant = jnp.asarray(0.8), jnp.asarray(0.3)
    for start, end in [(-0.5, 0.1), (0.0, 0.25), (0.6, 1.3), (3.0, 4.0)]:
        whole, _ = quad(
            lambda t: float(logistic_rate(jnp.asarray(t), half, constant)),
            start,
            end,
            points=[0.0] if start < 0 < end else None,
        )
        mine = logistic_output(jnp.asarray(start), jnp.asarray(end), half, constant)
        assert float(mine) == pytest.approx(whole, rel=1e-9)


def test_quarters_add_up_to_the_whole_life():
    launch = Launch(jnp.asarray(0.8), jnp.asarray(0.3), jnp.asarray(1.0))
    grid = quarter_grid(2024.0, 14)
    start, end = 2027.13, 2034.4
    climb = launch_fraction(launch, jnp.asarray(start), jnp.asarray(end), grid)
    whole = logistic_output(
        jnp.asarray(0.0), jnp.asarray(end - start), jnp.asarray(0.8), jnp.asarray(0.3)
    )
    assert float(jnp.sum(climb)) / 4 == pytest.approx(float(whole), rel=1e-12)
