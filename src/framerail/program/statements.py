"""The three statements of one partner's share of the program, by quarter.

The share is kept like a division: it holds no cash, its parent funds every shortfall and takes
every surplus in the quarter, and it bears no interest. Engineering and launch are expensed (ASC
730), tools and equipment are depreciated over production, warranty is accrued at sale, stock is
held at cost. The cash-flow statement is built from the income statement and the balance sheet
(indirect method); that it meets the stage's own free cash flow is the test of both.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid
from framerail.program.book_assets import BookAssets, book_assets
from framerail.program.cash_flow import CashFlow, Streams
from framerail.program.deferred_tax import DeferredTax, deferred_tax
from framerail.program.inputs import Finance
from framerail.program.working_capital import WorkingCapital, change
from framerail.quantities import Scalar


class IncomeStatement(eqx.Module):
    """Income by quarter (dollars; costs positive).

    Attributes:
        revenue: sales of trucks.
        other_income: royalties, fees, credits and other operating income.
        cost_of_sales: parts, labor, freight, plant and other cost, less what went into stock.
        warranty: accrued at sale.
        depreciation: of tooling and equipment.
        gross_profit: revenue and other income less the three above.
        selling: selling, general and administrative expense.
        engineering: research and development.
        launch: launch cost.
        fees: royalties and license fees paid.
        operating_income: before tax; there is no interest.
        current_tax: of the quarter's income.
        deferred_tax: of temporary differences and losses carried forward.
        net_income: after both.
    """

    revenue: Float[Array, "quarter"]
    other_income: Float[Array, "quarter"]
    cost_of_sales: Float[Array, "quarter"]
    warranty: Float[Array, "quarter"]
    depreciation: Float[Array, "quarter"]
    gross_profit: Float[Array, "quarter"]
    selling: Float[Array, "quarter"]
    engineering: Float[Array, "quarter"]
    launch: Float[Array, "quarter"]
    fees: Float[Array, "quarter"]
    operating_income: Float[Array, "quarter"]
    current_tax: Float[Array, "quarter"]
    deferred_tax: Float[Array, "quarter"]
    net_income: Float[Array, "quarter"]


class BalanceSheet(eqx.Module):
    """Balances at the end of each quarter (dollars).

    Attributes:
        receivable: sales not yet paid for.
        inventory: parts and work in process.
        finished_goods: trucks in stock, at cost.
        prepaid_tax: estimated tax paid ahead of its accrual (negative: owed).
        fixed_assets: tooling and equipment, net, construction in progress included.
        deferred_tax: net deferred-tax asset after its allowance (negative: a liability).
        assets: their sum.
        payable: purchases not yet paid for.
        warranty_reserve: accrued, not yet paid out.
        liabilities: their sum.
        funding: paid in by the parent to date, net of what it took out, with the tax value of
            losses that it brought in.
        retained_earnings: net income to date.
        equity: their sum.
    """

    receivable: Float[Array, "quarter"]
    inventory: Float[Array, "quarter"]
    finished_goods: Float[Array, "quarter"]
    prepaid_tax: Float[Array, "quarter"]
    fixed_assets: Float[Array, "quarter"]
    deferred_tax: Float[Array, "quarter"]
    assets: Float[Array, "quarter"]
    payable: Float[Array, "quarter"]
    warranty_reserve: Float[Array, "quarter"]
    liabilities: Float[Array, "quarter"]
    funding: Float[Array, "quarter"]
    retained_earnings: Float[Array, "quarter"]
    equity: Float[Array, "quarter"]


class CashFlowStatement(eqx.Module):
    """Cash by quarter, indirect method (dollars; negative is paid).

    Attributes:
        net_income: from the income statement.
        depreciation: added back.
        deferred_tax: added back.
        working_capital: change of receivables, stocks, payables and prepaid tax.
        warranty_reserve: accrued less paid out.
        operating: cash from operations.
        investing: tooling and equipment.
        free_cash_flow: their sum.
        financing: from the parent (the free cash flow with the other sign).
    """

    net_income: Float[Array, "quarter"]
    depreciation: Float[Array, "quarter"]
    deferred_tax: Float[Array, "quarter"]
    working_capital: Float[Array, "quarter"]
    warranty_reserve: Float[Array, "quarter"]
    operating: Float[Array, "quarter"]
    investing: Float[Array, "quarter"]
    free_cash_flow: Float[Array, "quarter"]
    financing: Float[Array, "quarter"]


class Statements(eqx.Module):
    """Income, cash flow and balance of one partner's share.

    Attributes:
        income: income statement.
        cash: cash-flow statement.
        balance: balance sheet.
        balance_residual: largest gap of assets against liabilities and equity (dollars).
        cash_residual: largest gap of the statement's free cash flow against the stage's (dollars).
    """

    income: IncomeStatement
    cash: CashFlowStatement
    balance: BalanceSheet
    balance_residual: Scalar
    cash_residual: Scalar


def statements(
    finance: Finance,
    streams: Streams,
    cash: CashFlow,
    grid: QuarterGrid,
    *,
    start_of_production: Scalar,
    end_of_production: Scalar,
) -> Statements:
    """Statements that belong to a cash flow.

    Kept out of `cash_flow`, which a Monte Carlo evaluates by the hundred thousand.

    Args:
        finance: the partner's finance, as it was given to `cash_flow`.
        streams: the streams that were given to `cash_flow`.
        cash: what `cash_flow` made of them.
        grid: the calendar.
        start_of_production: decimal year in which book depreciation begins.
        end_of_production: decimal year in which it ends.
    """
    outlays = streams.tooling + streams.conversion
    assets = book_assets(outlays, start_of_production, end_of_production, grid)
    tax = deferred_tax(finance, streams, cash, assets.net)
    income = _income(streams, assets, tax)
    flow = _cash(streams, cash.working_capital, assets, tax, income)
    balance = _balance(streams, cash, assets, tax, income)
    return Statements(
        income=income,
        cash=flow,
        balance=balance,
        balance_residual=jnp.max(jnp.abs(balance.assets - balance.liabilities - balance.equity)),
        cash_residual=jnp.max(jnp.abs(flow.free_cash_flow - cash.free_cash_flow)),
    )


def _income(streams: Streams, assets: BookAssets, tax: DeferredTax) -> IncomeStatement:
    s = streams
    other = (
        s.royalty_received
        + s.license_received
        + s.emission_credit
        + s.production_credit
        + s.other_income
    )
    production = s.materials + s.labor + s.logistics + s.fixed_cost + s.other_cost
    cost_of_sales = production - change(s.finished_goods)
    gross = s.revenue + other - cost_of_sales - s.warranty - assets.depreciation
    fees = s.royalty_paid + s.license_paid
    operating = gross - s.selling - s.engineering - s.launch - fees
    return IncomeStatement(
        revenue=s.revenue,
        other_income=other,
        cost_of_sales=cost_of_sales,
        warranty=s.warranty,
        depreciation=assets.depreciation,
        gross_profit=gross,
        selling=s.selling,
        engineering=s.engineering,
        launch=s.launch,
        fees=fees,
        operating_income=operating,
        current_tax=tax.accrued,
        deferred_tax=tax.expense,
        net_income=operating - tax.accrued - tax.expense,
    )


def _cash(
    streams: Streams,
    capital: WorkingCapital,
    assets: BookAssets,
    tax: DeferredTax,
    income: IncomeStatement,
) -> CashFlowStatement:
    tied_up = capital.trade + streams.finished_goods + tax.prepaid
    working = -change(tied_up)
    reserve = change(capital.warranty_reserve)
    operating = income.net_income + income.depreciation + income.deferred_tax + working + reserve
    investing = -jnp.diff(assets.cost, prepend=0.0)
    return CashFlowStatement(
        net_income=income.net_income,
        depreciation=income.depreciation,
        deferred_tax=income.deferred_tax,
        working_capital=working,
        warranty_reserve=reserve,
        operating=operating,
        investing=investing,
        free_cash_flow=operating + investing,
        financing=-(operating + investing),
    )


def _balance(
    streams: Streams, cash: CashFlow, assets: BookAssets, tax: DeferredTax, income: IncomeStatement
) -> BalanceSheet:
    capital = cash.working_capital
    deferred = tax.differences + tax.losses
    held = (
        capital.receivable
        + capital.inventory
        + streams.finished_goods
        + tax.prepaid
        + assets.net
        + deferred
    )
    owed = capital.payable + capital.warranty_reserve
    funding = tax.opening - cash.cumulative
    earned = jnp.cumsum(income.net_income)
    return BalanceSheet(
        receivable=capital.receivable,
        inventory=capital.inventory,
        finished_goods=streams.finished_goods,
        prepaid_tax=tax.prepaid,
        fixed_assets=assets.net,
        deferred_tax=deferred,
        assets=held,
        payable=capital.payable,
        warranty_reserve=capital.warranty_reserve,
        liabilities=owed,
        funding=funding,
        retained_earnings=earned,
        equity=funding + earned,
    )
