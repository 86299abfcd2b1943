"""The engine: one scenario through the six stages, read top to bottom."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal import DealValue, Outside, PartnerFlows, SharedProgram, value_deal
from framerail.engine.cash import PartnerCash, cash_flows, contract_build_cost, part_of
from framerail.engine.circles import World, solve_worlds
from framerail.engine.evaluation import Audit, Evaluation, Headline, fatal, made_finite, row_of
from framerail.engine.setting import Setting, set_up
from framerail.engine.trucks import TruckFigures, truck_figures
from framerail.market import Calibration, MarketEquilibrium, product_table
from framerail.numerics.calendar import QuarterGrid, fraction_before
from framerail.program import Schedule
from framerail.scenario import Scenario

START_UP, INCUMBENT, ALONE = 0, 1, 2
FIRST_GUESS = 10_000.0
"""Trucks a year of each kind from which the volume-cost circle starts."""


class Markets(eqx.Module):
    """An evaluation up to the solved markets: what iterates, and so what batches run narrowly."""

    trucks: TruckFigures
    setting: Setting
    schedule: Schedule
    worlds: World
    """With both partners' trucks, and with the incumbent's only: leading world axis."""
    neither: MarketEquilibrium


def solve_markets(scenario: Scenario) -> Markets:
    """Trucks, costs, markets and plant: both circles closed in every world."""
    trucks = truck_figures(scenario)
    setting, plan = set_up(scenario, trucks)
    guess = jnp.full((scenario.model_year.shape[0], len(trucks.names)), FIRST_GUESS)
    presence = jnp.stack([jnp.ones(len(trucks.names)), setting.own[:, INCUMBENT]])
    worlds, neither = solve_worlds(setting, presence, guess)
    return Markets(trucks, setting, plan, worlds, neither)


def value(markets: Markets) -> Evaluation:
    """Cash, deal and audits of solved markets."""
    trucks, setting, plan = markets.trucks, markets.setting, markets.schedule
    scenario, neither = setting.scenario, markets.neither
    both, alone = (row_of(markets.worlds, k) for k in (0, 1))
    cash = cash_flows(
        setting,
        neither,
        [
            (role, part_of(setting, world, plan, role, platform=platform))
            for role, world, platform in (
                (START_UP, both, True),
                (INCUMBENT, both, False),
                (INCUMBENT, alone, True),
            )
        ],
    )
    flows = _flows(setting, both, plan, cash)
    # Each partner's own alternative is to go on without a shared truck, which is the zero of its
    # program flows: cannibalization and the start-up's own business are counted as changes.
    alternative = Outside(incumbent=jnp.zeros(()), start_up=jnp.zeros(()))
    deal = value_deal(scenario.deal, flows, alternative, setting.grid)
    return Evaluation(
        trucks=trucks,
        policy=setting.policy,
        schedule=plan,
        calibration=setting.calibration,
        worlds=markets.worlds,
        neither=neither,
        cash=cash,
        flows=flows,
        deal=deal,
        audit=_audit(trucks, setting.calibration, both, neither, cash, deal),
        outcome=_outcome(trucks, setting.calibration, both, neither, cash, deal),
    )


def _flows(
    setting: Setting,
    both: World,
    plan: Schedule,
    cash: PartnerCash,
) -> PartnerFlows:
    """Partners' cash as the deal stage wants it: the incumbent pays for building every truck.

    The cash-flow statements charge each brand with its own trucks (so that its tax is right); the
    assembly of the start-up's trucks is handed over here after tax, and the build fee pays for it.
    """
    partners, trucks = setting.scenario.deal.partners, both.production.trucks.deliveries
    build = contract_build_cost(setting, both)
    spent = cash.streams.conversion + cash.streams.tooling
    free, discount = cash.cash.free_cash_flow, cash.cash.discount_factor
    return PartnerFlows(
        program=SharedProgram(
            incumbent_units=trucks @ setting.own[:, INCUMBENT],
            start_up_units=trucks @ setting.own[:, START_UP],
            build_cost=build,
            start_up_engineering=_shared_spending(setting, plan),
            incumbent_investment=spent[INCUMBENT],
            start_of_production=setting.start_of_production,
        ),
        incumbent=free[INCUMBENT] - build * (1 - partners.incumbent.tax_rate),
        start_up=free[START_UP] + build * (1 - partners.start_up.tax_rate),
        incumbent_alone=free[ALONE],
        incumbent_discount=discount[INCUMBENT],
        start_up_discount=discount[START_UP],
        others_discount=discount[START_UP],
    )


def _shared_spending(setting: Setting, plan: Schedule) -> Float[Array, " quarter"]:
    nothing = jnp.zeros(setting.grid.quarters)
    return plan.engineering.get("shared", nothing) + plan.tooling.get("shared", nothing)


def _audit(
    trucks: TruckFigures,
    calibration: Calibration,
    both: World,
    neither: MarketEquilibrium,
    cash: PartnerCash,
    deal: DealValue,
) -> Audit:
    def first_order(market: MarketEquilibrium) -> Float[Array, ""]:
        return jnp.max(jnp.abs(market.first_order_residual))

    whole = jnp.sum(both.market.share, axis=1) + both.market.outside_share
    return Audit(
        energy=jnp.max(trucks.audit_residual),
        shares=jnp.max(jnp.abs(whole - 1)),
        calibration=calibration.share_residual,
        first_order=jnp.maximum(first_order(both.market), first_order(neither)),
        orders=both.production.residual,
        circle=both.circle_residual,
        cash=jnp.max(cash.cash.identity_residual[:ALONE]),
        settlement=deal.sum_residual,
    )


def _outcome(
    trucks: TruckFigures,
    calibration: Calibration,
    both: World,
    neither: MarketEquilibrium,
    cash: PartnerCash,
    deal: DealValue,
) -> Any:
    def joined(masks: Any) -> Any:
        return jax.lax.reduce(masks.ravel(), jnp.int32(0), jax.lax.bitwise_or, (0,))

    market = joined(both.market.outcome) | joined(neither.outcome) | calibration.outcome
    return jnp.stack(
        [
            joined(trucks.outcome),
            joined(both.cost.outcome),
            market,
            both.production.outcome,
            cash.cash.outcome[START_UP] | cash.cash.outcome[INCUMBENT],
            deal.outcome,
            both.outcome,
        ]
    )


@eqx.filter_jit
def _evaluate(scenario: Scenario) -> Evaluation:
    return value(solve_markets(scenario))


def evaluate(scenario: Scenario) -> Evaluation:
    """Evaluate a scenario from watts to deal value.

    Pure and differentiable: `jax.grad(lambda s: evaluate(s).deal.gain[0])(scenario)` has the
    scenario's own shape. Compiled on first use; later calls with the same shapes are quick.
    """
    return _evaluate(scenario)


def headline_of(scenario: Scenario) -> Headline:
    """Evaluate and keep the headline figures; not compiled by itself, so that studies batch it."""
    return headline(value(solve_markets(scenario)), scenario)


def headline(e: Evaluation, scenario: Scenario) -> Headline:
    """Headline figures of an evaluation."""
    both = e.both
    output, market = both.output, both.market
    table = product_table(scenario.market.products)
    place = jnp.asarray([table.index(name) for name in e.trucks.names])
    weight = output / jnp.maximum(jnp.sum(output, axis=0, keepdims=True), 1e-9)
    since = scenario.model_year - jnp.floor(scenario.program.valuation_date)
    real = weight / ((1 + scenario.program.inflation) ** since)[:, None]
    taken = jnp.mean(e.neither.quantity - market.quantity, axis=0) * (1 - table.entrant)
    cash = e.cash.cash
    before = e.deal.survival.default * fraction_before(
        e.schedule.start_of_production, QuarterGrid(scenario.start_of_quarter)
    )
    chance = jnp.maximum(jnp.sum(before), 1e-12)
    figures = Headline(
        range_miles=e.trucks.range_miles,
        consumption=e.trucks.consumption,
        zero_to_sixty=e.trucks.zero_to_sixty,
        unit_cost=jnp.sum(weight * both.cost.net_variable, axis=0),
        price=jnp.sum(weight * market.price[:, place], axis=0),
        real_unit_cost=jnp.sum(real * e.both.cost.net_variable, axis=0),
        real_price=jnp.sum(real * market.price[:, place], axis=0),
        output=output,
        demand=market.quantity[:, place],
        taken=taken,
        program_npv=cash.npv[:ALONE],
        program_irr=cash.irr[:ALONE],
        has_irr=jnp.where(cash.outcome[:ALONE] & 1, 0.0, 1.0),
        payback=cash.payback[:ALONE],
        peak_funding=cash.peak_funding[:ALONE],
        free_cash_flow=cash.free_cash_flow[:ALONE],
        line_up_change=cash.npv_by_line["other_income"][INCUMBENT],
        gain=e.deal.gain,
        realized_gain=e.deal.realized_gain,
        joint_gain=e.deal.joint_gain,
        loss_if_default=before @ e.deal.incumbent_loss_if_default / chance,
        default_with=e.deal.survival.cumulative,
        default_without=e.deal.survival_without.cumulative,
        default_before_production=e.deal.default_before_production,
        default_before_production_without=e.deal.default_before_production_without,
        runway_with=e.deal.survival.runway,
        runway_without=e.deal.survival_without.runway,
        cheque=e.deal.headroom.share_of_net_cash * e.deal.headroom.net_cash,
        plant_utilization=jnp.max(both.production.plant_utilization),
        audit=e.audit,
        outcome=e.outcome,
        fatal=fatal(e.outcome),
    )
    return made_finite(figures)


__all__ = ["Markets", "evaluate", "headline", "headline_of", "solve_markets", "value"]
