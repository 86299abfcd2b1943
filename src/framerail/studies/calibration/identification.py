"""Two parameters of one car from its UDDS and HWFET energy, then any other test of it."""

import numpy as np

from framerail.studies.calibration.features import PARAMETERS
from framerail.studies.calibration.simulation import Bench

IDENTIFIED = ("load_loss", "auxiliary")
"""What the two tests fix: loss under load and the steady load. All else is the rules'."""
_STEPS = 8


def identified_parameters(
    bench: Bench, measured: np.ndarray, identified: tuple[str, str] = IDENTIFIED
) -> np.ndarray:
    """Parameters with which every row gives its measured energies, by Newton's method.

    Args:
        bench: the rows; its first two cycles are those measured.
        measured: log kWh/100 mi, (row, 2).
        identified: the two of `PARAMETERS` that may move.

    Returns:
        Parameters, (row, parameter).
    """
    chosen = [PARAMETERS.index(name) for name in identified]
    found = np.zeros((measured.shape[0], len(PARAMETERS)))
    for _ in range(_STEPS):
        value, slope = bench.linearized(found)
        missing = (measured - value[:, :2])[..., None]
        step = np.linalg.solve(slope[:, :2][:, :, chosen], missing)[..., 0]
        found[:, chosen] += np.clip(step, -1.0, 1.0)
    return found
