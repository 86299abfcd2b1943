"""Two parameters of one car from its UDDS and HWFET energy, then any other test of it."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from framerail.studies.calibration.features import PARAMETERS
from framerail.studies.calibration.simulation import Bench
from framerail.vehicle import Conditions, DriveCycle, SpecificationDefaults, specification

IDENTIFIED = ("rolling", "regeneration")
"""What the two tests fix: the drag of the car as tested over the filed one, and the part of
braking that is regenerated. All else is the class's."""
_STEPS = 8


def identified_parameters(
    bench: Bench,
    measured: np.ndarray,
    start: np.ndarray,
    identified: tuple[str, str] = IDENTIFIED,
) -> np.ndarray:
    """Parameters with which every row gives its measured energies, by Newton's method.

    Args:
        bench: the rows; its first two cycles are those measured.
        measured: log kWh/100 mi, (row, 2).
        start: parameters of the rows' class, (row, parameter).
        identified: the two of `PARAMETERS` that may move.

    Returns:
        Parameters, (row, parameter).
    """
    chosen = [PARAMETERS.index(name) for name in identified]
    found = np.array(start)
    for _ in range(_STEPS):
        value, slope = bench.linearized(found)
        missing = (measured - value[:, :2])[..., None]
        step = np.linalg.solve(slope[:, :2][:, :, chosen], missing)[..., 0]
        found[:, chosen] += np.clip(step, -1.0, 1.0)
    return found


TESTS = ("udds", "hwfet", "steady65")
"""Order of the tests of a certificate summary; the first two identify."""


def unseen_tests(
    rows: Sequence[Mapping[str, str]],
    start: np.ndarray,
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    conditions: Conditions,
) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and measured battery energy of every test that did not identify, kWh/100 mi.

    Each row's two parameters, identified from its own UDDS and HWFET, predict its own test at
    65 mph and all tests of the rows with the same `car` on other wheels.

    Args:
        rows: columns of `vehicle.columns`, `car` and `<test>_dc_wh_per_mi` for `TESTS`.
        start: parameters of the rows' class, (row, parameter).
        defaults: the rules' numbers.
        cycles: one for each of `TESTS`.
        conditions: of the tests.
    """
    ordered = {name: cycles[name] for name in TESTS}
    blank = jnp.zeros(len(rows))
    bench = Bench(specification(rows), blank, defaults, ordered, conditions)
    told = [[float(row[f"{name}_dc_wh_per_mi"] or "nan") / 10.0 for name in TESTS] for row in rows]
    measured = np.array(told)
    found = identified_parameters(bench, np.log(measured[:, :2]), start)
    cars = np.array([row["car"] for row in rows])
    pairs = []
    for k, parameters in enumerate(found):
        energy = np.exp(bench.energies(np.tile(parameters, (len(rows), 1))))
        unseen = (cars == cars[k])[:, None] & np.isfinite(measured)
        unseen[k, :2] = False
        pairs.append(np.stack([energy[unseen], measured[unseen]]))
    predicted, told_energy = np.concatenate(pairs, axis=1)
    return predicted, told_energy
