"""The reference case's inputs report in full: one partner in dollars, one in yen."""

import jax
import pytest

from framerail.numerics.calendar import QuarterGrid
from framerail.program import books, cash_flow, schedule
from framerail.scenario_file import read_scenario


def test_a_partner_reports_in_its_own_currency(streams):
    scenario = read_scenario("nissan-fisker")
    program, grid = scenario.program, QuarterGrid(scenario.start_of_quarter)

    @jax.jit
    def report(flows):
        plan = schedule(program.timeline, grid)
        cash = cash_flow(
            program.finance["nissan"],
            flows,
            grid,
            valuation_date=program.valuation_date,
            start_of_production=plan.start_of_production,
        )
        return books(program, "nissan", flows, cash, flows.revenue / 50e3, plan, grid)

    found = report(streams)
    assert float(found.statements.balance_residual) < 0.01
    assert float(found.statements.cash_residual) < 0.01
    assert float(found.appraisal.waterfall.residual) < 0.01
    assert float(found.home_statements.residual) < 1.0
    rate = float(found.home.npv_hedged / found.appraisal.npv)
    assert rate == pytest.approx(float(program.currencies["yen"].rate), rel=1e-9)
    assert program.finance["fisker"].reports_in == "dollar"
