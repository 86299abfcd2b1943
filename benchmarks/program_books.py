"""Books of both partners at the point values: `python benchmarks/program_books.py`.

Prints how far the three statements, the waterfall and the translation are from tying, the
measures of worth, and the waterfall by element. Two minutes, most of them compilation.
"""

import jax.numpy as jnp

import framerail as fr
from framerail.numerics.outcome import describe
from framerail.program import BREAK_EVEN_OUTCOMES, Books
from framerail.studies import partner_books

MILLION = 1e6


def report(name: str, kept: Books, trucks: float) -> None:
    tied, worth = kept.statements, kept.appraisal
    print(f"\n{name}: {trucks:,.0f} trucks")
    print(f"  balance sheet closes to ${tied.balance_residual:.1e}")
    print(f"  indirect free cash flow meets the direct one to ${tied.cash_residual:.1e}")
    print(f"  waterfall ends at the present value to ${worth.waterfall.residual:.1e}")
    if kept.home is not None and kept.home_statements is not None:
        print(f"  translated balance closes to {kept.home_statements.residual:.1e} units")
        open_position = (kept.home.npv - kept.home.npv_hedged) / 1e9
        print(f"  NPV {kept.home.npv / 1e9:.1f} billion, {open_position:+.1f} by the open position")
    print(f"  NPV ${worth.npv / MILLION:,.1f}M, in real dollars ${worth.npv_real / MILLION:,.1f}M")
    print(f"  IRR {worth.irr:.3f}, MIRR {worth.mirr:.3f}, payback {worth.payback:.1f} years")
    for what, found in (("volume", worth.break_even_volume), ("price", worth.break_even_price)):
        said = [entry.sentence for entry in describe(int(found.outcome), BREAK_EVEN_OUTCOMES)]
        print(f"  break-even {what}: {' '.join(said) or f'{found.scale:.2f} of the plan'}")
    steps = worth.waterfall
    for element, amount, each in zip(steps.names, steps.amount, steps.per_truck, strict=True):
        print(f"    {element:16} {amount / MILLION:10,.1f}M {each:12,.0f} a truck")


def main() -> None:
    scenario = fr.read_scenario("nissan-fisker")
    found = fr.evaluate(scenario)
    kept = partner_books(scenario, found)
    products, deliveries = scenario.market.products, found.both.production.trucks.deliveries
    partners = scenario.deal.partners
    for firm, own in (
        (partners.start_up.name, kept.start_up),
        (partners.incumbent.name, kept.incumbent),
    ):
        mine = [k for k, name in enumerate(found.trucks.names) if products[name].firm == firm]
        report(firm, own, float(deliveries[:, jnp.asarray(mine)].sum()))


if __name__ == "__main__":
    main()
