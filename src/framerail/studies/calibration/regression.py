"""The peer: a linear regression of measured energy on wheel work, without any component."""

from collections.abc import Mapping, Sequence

import numpy as np

from framerail.studies.calibration.held_out import GROUPS, HeldOut, Row
from framerail.studies.calibration.simulation import CYCLES
from framerail.vehicle import DriveCycle

COEFFICIENTS: tuple[str, ...] = ("traction", "braking", "time", "test_weight")
"""What energy per distance is linear in: positive and negative work at the wheels, time over
distance (auxiliary load) and test weight; one coefficient each for both cycles together."""
_POUND, _POUND_FORCE, _MILE_PER_HOUR = 0.45359237, 4.4482216, 0.44704
_ROTATING_MASS = 1.03
"""Equivalent over translating mass: assumed."""


def regression_held_out(
    rows: Sequence[Row], cycles: Mapping[str, DriveCycle], group: str
) -> HeldOut:
    """Every row predicted by least squares (relative errors) on the scored rows of other groups.

    Args:
        rows: as of `held_out`; the folds are the same.
        cycles: udds and hwfet.
        group: a name of `GROUPS`.

    Returns:
        Predictions of wall energy, with the scatter of the training rows as covariance.
    """
    terms = np.stack([_terms(rows, cycles[name]) for name in CYCLES], axis=1)
    measured = np.array([[float(r[f"{name}_kwh_per_100mi"]) for name in CYCLES] for r in rows])
    names = np.array([GROUPS[group](row) for row in rows])
    scored = np.array([row["role"] == "scored" for row in rows])
    predicted, covariance = np.empty_like(measured), np.empty((len(rows), 2, 2))
    for name in np.unique(names):
        out = names == name
        kept = scored & ~out
        relative = terms[kept] / measured[kept][..., None]
        flat = relative.reshape(-1, len(COEFFICIENTS))
        found = np.linalg.lstsq(flat, np.ones(len(flat)), rcond=None)[0]
        predicted[out] = terms[out] @ found
        covariance[out] = np.cov(np.log(relative @ found), rowvar=False)
    return HeldOut(rows, np.log(predicted), np.log(measured), covariance)


def _terms(rows: Sequence[Row], cycle: DriveCycle) -> np.ndarray:
    """Work of traction and braking (kWh/100 mi), hours per 100 mi, test weight (t)."""

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])[:, None]

    speed = np.asarray(cycle.speed)
    middle = 0.5 * (speed[1:] + speed[:-1])[None, :]
    mph = middle / _MILE_PER_HOUR
    drag = column("A_lbf") + column("B_lbf_per_mph") * mph + column("C_lbf_per_mph2") * mph**2
    mass = column("etw_lb") * _POUND
    force = drag * _POUND_FORCE * (middle > 0.0) + _ROTATING_MASS * mass * np.diff(speed)[None, :]
    work = force * middle / 3.6e6
    hundred_miles = float(middle.sum()) / 160_934.4
    traction = np.maximum(work, 0.0).sum(axis=1) / hundred_miles
    braking = np.minimum(work, 0.0).sum(axis=1) / hundred_miles
    hours = np.full_like(traction, speed.size / 3600.0 / hundred_miles)
    return np.stack([traction, braking, hours, mass[:, 0] / 1000.0], axis=1)
