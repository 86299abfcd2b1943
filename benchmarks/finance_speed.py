"""Evaluations of the finance layer per second, batched: `python benchmarks/finance_speed.py`.

The draws differ in every stream and every rate; `framerail validate program --only speed` is the
same.
"""

import os

from framerail.studies.finance_speed import finance_speed


def main() -> None:
    for one in finance_speed():
        cores = os.cpu_count() or 1
        print(f"{one.what}: {one.per_second:,.0f} evaluations per second on {cores} cores")
        # On a shared machine the processor's own seconds say what the cores would do alone.
        print(f"  {one.per_busy_second:,.0f} evaluations per second of processor time")


if __name__ == "__main__":
    main()
