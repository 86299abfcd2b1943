"""Print the launch study: the plant's launch inputs at a date, and the score of leaving one out.

Usage: python benchmarks/launch_ramps.py [AS_OF]
"""

import sys

import numpy as np

from framerail.studies.launch_ramps import fit_population, launch_inputs, read_ramps
from framerail.studies.launch_score import leave_one_out


def main(as_of: str = "2024-03-01") -> None:
    ramps = read_ramps(as_of)
    print(f"Launches known at {as_of}, each fitted as supply (share, years, years):")
    population = fit_population(ramps, "supply")
    for name, logs in zip(population.launches, population.each, strict=True):
        print(f"  {name:<20}", *(f"{value:7.3f}" for value in np.exp(logs)))
    print("Inputs of the next launch:")
    for name, (kind, numbers) in launch_inputs(as_of).items():
        print(f"  {name} = {{ {kind} = [{', '.join(f'{value:.3g}' for value in numbers)}] }}")
    print("Each launch from all others, share of announced capacity, 80% interval:")
    found = leave_one_out(read_ramps())
    for one in found:
        inside = "inside" if one.covered else "-" if np.isnan(one.actual) else "OUTSIDE"
        print(
            f"  {one.launch:<20} quarter {one.quarter}: {one.low:.2f} to {one.high:.2f}, "
            f"median {one.median:.2f}; built {one.actual:.2f} {inside}"
        )
    scored = [one for one in found if not np.isnan(one.actual)]
    print(f"inside: {sum(one.covered for one in scored)} of {len(scored)}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
