"""The engine: one scenario through the six stages, read top to bottom."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal import DealValue, Outside, PartnerFlows, SharedProgram, value_deal
from framerail.engine.cash import (
    PartnerCash,
    cash_flows,
    contract_build_cost,
    firm_names,
    partner_names,
    partner_streams,
)
from framerail.engine.circles import Setting, World, solve_worlds
from framerail.engine.evaluation import Audit, Evaluation, Headline, fatal, made_finite
from framerail.engine.trucks import TruckFigures, truck_contents, truck_figures
from framerail.market import (
    Calibration,
    MarketEquilibrium,
    ProductTable,
    calibrate,
    draw_buyers,
    ownership_of,
    product_table,
)
from framerail.numerics.calendar import QuarterGrid, fraction_before
from framerail.program import Schedule, policy_path, schedule
from framerail.scenario import Scenario

START_UP, INCUMBENT = 0, 1
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
    setting, plan = _setting(scenario, trucks)
    guess = jnp.full((scenario.model_year.shape[0], len(trucks.names)), FIRST_GUESS)
    presence = jnp.stack([jnp.ones(len(trucks.names)), setting.own[:, INCUMBENT]])
    worlds, neither = solve_worlds(setting, presence, guess)
    return Markets(trucks, setting, plan, worlds, neither)


def value(markets: Markets) -> Evaluation:
    """Cash, deal and audits of solved markets."""
    trucks, setting, plan = markets.trucks, markets.setting, markets.schedule
    scenario, neither = setting.scenario, markets.neither
    both, alone = (jax.tree_util.tree_map(lambda x, k=k: x[k], markets.worlds) for k in (0, 1))
    start_up, incumbent, by_itself = cash_flows(
        setting,
        [
            (role, partner_streams(setting, world, neither, plan, role, platform=platform))
            for role, world, platform in (
                (START_UP, both, True),
                (INCUMBENT, both, False),
                (INCUMBENT, alone, True),
            )
        ],
    )
    flows = _flows(setting, both, plan, start_up, incumbent, by_itself)
    # Each partner's own alternative is to go on without a shared truck, which is the zero of its
    # program flows: cannibalization and the start-up's own business are counted as changes.
    alternative = Outside(incumbent=jnp.zeros(()), start_up=jnp.zeros(()))
    deal = value_deal(scenario.deal, flows, alternative, setting.grid)
    return Evaluation(
        trucks=trucks,
        policy=setting.policy,
        schedule=plan,
        calibration=setting.calibration,
        both=both,
        alone=alone,
        neither=neither,
        start_up=start_up,
        incumbent=incumbent,
        incumbent_alone=by_itself,
        flows=flows,
        deal=deal,
        audit=_audit(trucks, setting.calibration, both, neither, start_up, incumbent, deal),
        outcome=_outcome(trucks, setting.calibration, both, neither, start_up, incumbent, deal),
    )


def _setting(scenario: Scenario, trucks: TruckFigures) -> tuple[Setting, Schedule]:
    grid = QuarterGrid(scenario.start_of_quarter)
    plan = schedule(scenario.program.timeline, grid)
    table = _table(scenario, trucks, plan)
    buyers = draw_buyers(scenario.market.preferences, scenario.buyer_nodes)
    ownership = ownership_of(table)
    terms, royalty = scenario.deal.terms, scenario.deal.terms.royalty
    zero = jnp.zeros(())
    setting = Setting(
        scenario=scenario,
        grid=grid,
        site=scenario.plant.sites[scenario.plant.chosen],
        table=table,
        buyers=buyers,
        ownership=ownership,
        calibration=calibrate(scenario.market, table, buyers, ownership),
        contents=truck_contents(scenario, trucks.names),
        policy=policy_path(scenario.program.policy, grid),
        place=jnp.asarray([table.index(name) for name in trucks.names]),
        own=_own(scenario, trucks),
        keep=jnp.zeros(2),
        selling_per_truck=jnp.zeros(2),
        royalty=zero if royalty is None else royalty.per_unit,
        royalty_growth=zero if royalty is None else royalty.indexation,
        build_markup=zero if terms.build_fee is None else terms.build_fee.markup,
        start_of_production=plan.start_of_production,
        end_of_production=plan.end_of_production,
    )
    commercial = [scenario.program.commercial[name] for name in partner_names(setting)]
    keep = jnp.stack([(1 - c.dealer_margin) * (1 - c.selling_fraction) for c in commercial])
    selling = jnp.stack([c.selling_per_truck for c in commercial])
    return eqx.tree_at(lambda s: (s.keep, s.selling_per_truck), setting, (keep, selling)), plan


def _table(scenario: Scenario, trucks: TruckFigures, plan: Schedule) -> ProductTable:
    table = product_table(scenario.market.products)
    for place, name in enumerate(trucks.names):
        table = table.replaced(
            name,
            range=trucks.range_miles[place],
            zero_to_sixty=trucks.zero_to_sixty[place],
            electricity_use=trucks.consumption[place],
            launch=plan.start_of_production,
            end=plan.end_of_production,
        )
    return table


def _own(scenario: Scenario, trucks: TruckFigures) -> Float[Array, "truck partner"]:
    partners = scenario.deal.partners
    firms = (partners.start_up.name, partners.incumbent.name)
    sold_by = [scenario.market.products[name].firm for name in trucks.names]
    return jnp.asarray([[float(seller == firm) for firm in firms] for seller in sold_by])


def _flows(
    setting: Setting,
    both: World,
    plan: Schedule,
    start_up: PartnerCash,
    incumbent: PartnerCash,
    by_itself: PartnerCash,
) -> PartnerFlows:
    """Partners' cash as the deal stage wants it: the incumbent pays for building every truck.

    The cash-flow statements charge each brand with its own trucks (so that its tax is right); the
    assembly of the start-up's trucks is handed over here after tax, and the build fee pays for it.
    """
    partners, trucks = setting.scenario.deal.partners, both.production.trucks.deliveries
    build = contract_build_cost(setting, both)
    conversion = incumbent.streams.conversion + incumbent.streams.tooling
    return PartnerFlows(
        program=SharedProgram(
            incumbent_units=trucks @ setting.own[:, INCUMBENT],
            start_up_units=trucks @ setting.own[:, START_UP],
            build_cost=build,
            start_up_engineering=_shared_spending(setting, plan),
            incumbent_investment=conversion,
            start_of_production=setting.start_of_production,
        ),
        incumbent=incumbent.cash.free_cash_flow - build * (1 - partners.incumbent.tax_rate),
        start_up=start_up.cash.free_cash_flow + build * (1 - partners.start_up.tax_rate),
        incumbent_alone=by_itself.cash.free_cash_flow,
        incumbent_discount=incumbent.cash.discount_factor,
        start_up_discount=start_up.cash.discount_factor,
        others_discount=start_up.cash.discount_factor,
    )


def _shared_spending(setting: Setting, plan: Schedule) -> Float[Array, " quarter"]:
    nothing = jnp.zeros(setting.grid.quarters)
    return plan.engineering.get("shared", nothing) + plan.tooling.get("shared", nothing)


def _audit(
    trucks: TruckFigures,
    calibration: Calibration,
    both: World,
    neither: MarketEquilibrium,
    start_up: PartnerCash,
    incumbent: PartnerCash,
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
        cash=jnp.maximum(start_up.cash.identity_residual, incumbent.cash.identity_residual),
        settlement=deal.sum_residual,
    )


def _outcome(
    trucks: TruckFigures,
    calibration: Calibration,
    both: World,
    neither: MarketEquilibrium,
    start_up: PartnerCash,
    incumbent: PartnerCash,
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
            start_up.cash.outcome | incumbent.cash.outcome,
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
    output, market = e.both.output, e.both.market
    table = product_table(scenario.market.products)
    place = jnp.asarray([table.index(name) for name in e.trucks.names])
    weight = output / jnp.maximum(jnp.sum(output, axis=0, keepdims=True), 1e-9)
    taken = jnp.mean(e.neither.quantity - market.quantity, axis=0) * (1 - table.entrant)
    cash = (e.start_up.cash, e.incumbent.cash)
    before = e.deal.survival.default * fraction_before(
        e.schedule.start_of_production, QuarterGrid(scenario.start_of_quarter)
    )
    chance = jnp.maximum(jnp.sum(before), 1e-12)
    figures = Headline(
        range_miles=e.trucks.range_miles,
        consumption=e.trucks.consumption,
        zero_to_sixty=e.trucks.zero_to_sixty,
        unit_cost=jnp.sum(weight * e.both.cost.net_variable, axis=0),
        price=jnp.sum(weight * market.price[:, place], axis=0),
        output=output,
        demand=market.quantity[:, place],
        taken=taken,
        program_npv=jnp.stack([c.npv for c in cash]),
        program_irr=jnp.stack([c.irr for c in cash]),
        has_irr=jnp.stack([jnp.where(c.outcome & 1, 0.0, 1.0) for c in cash]),
        payback=jnp.stack([c.payback for c in cash]),
        peak_funding=jnp.stack([c.peak_funding for c in cash]),
        free_cash_flow=jnp.stack([c.free_cash_flow for c in cash]),
        line_up_change=e.incumbent.cash.npv_by_line["other_income"],
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
        plant_utilization=jnp.max(e.both.production.plant_utilization),
        audit=e.audit,
        outcome=e.outcome,
        fatal=fatal(e.outcome),
    )
    return made_finite(figures)


__all__ = ["Markets", "evaluate", "firm_names", "headline", "headline_of", "solve_markets", "value"]
