"""Print Rivian's gross profit per truck by quarter, predicted with its parts, and as reported.

Usage: python benchmarks/gross_loss.py
"""

from framerail.studies.gross_loss_backtest import EXPONENT, FIXED, backtest

PARTS = ("price", "variable", "fixed_absorbed", "fixed_unabsorbed", "write_down")


def main() -> None:
    found = backtest()
    print("quarter", *(f"{name:>17}" for name in (*PARTS, "predicted", "actual", "error")))
    for i, begin in enumerate(found.begin):
        values = [getattr(found, name)[i] for name in (*PARTS, "predicted", "actual")]
        quarter = f"{int(begin)}Q{round(4 * (begin % 1)) + 1}"
        print(quarter, *(f"{value:17,.0f}" for value in values), f"{found.error[i]:17.0%}")
    print(f"variable cost of the 10,000th truck ${found.variable_cost_at_10_000:,.0f}")
    print(f"material and commitments held {found.quarters_of_material:.2f} quarters")
    for name, first, end in (("2022, in sample", 2022.0, 2023.0), ("2023-2024", 2023.0, 2025.0)):
        print(f"median error {name}: {found.median_error(first, end):.1%}")
    print(f"median error 2022-2024: {found.median_error(2022.0, 2025.0):.1%}")
    for fixed, exponent in ((FIXED * 17.2 / 26.5, EXPONENT), (450e6, EXPONENT), (FIXED, 0.152)):
        other = backtest(fixed, exponent)
        print(
            f"  with fixed cost ${fixed / 1e6:,.0f} million, exponent {exponent}: "
            f"2023-2024 {other.median_error(2023.0, 2025.0):.1%}, "
            f"2022-2024 {other.median_error(2022.0, 2025.0):.1%}"
        )


if __name__ == "__main__":
    main()
