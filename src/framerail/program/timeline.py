"""The one calendar of the program: gates, delay, and the spending that hangs on them."""

from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, spread
from framerail.quantities import (
    Declared,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Scalar,
    Year,
)

DollarPerYear = Annotated[Scalar, Quantity("dollar/year", 0.0, 1e12)]
ShareOfTheWay = Annotated[Scalar, Quantity("dimensionless", 0.0, 2.0)]
"""Place between program start (0) and start of production (1); above 1 lies after it."""


class Spend(Declared):
    """One package of development spending."""

    amount: PositiveDollar
    """Nominal dollars, spent evenly between the two gates below."""
    opens: ShareOfTheWay
    """Where the spending begins, as a share of the way to start of production."""
    closes: ShareOfTheWay
    """Where the spending ends, as a share of the way to start of production."""
    kind: Literal["engineering", "tooling"] = eqx.field(static=True)
    """Engineering is expensed in the books; tooling is capitalized."""
    serves: str = eqx.field(static=True)
    """The partner whose truck needs it, or "shared"."""


class MidCycle(Declared):
    """The facelift: shared tooling and engineering in the middle of production."""

    amount: PositiveDollar
    """Nominal dollars; booked as shared tooling."""
    after_start: Duration
    """Time from start of production to the facelift."""
    lead_time: Duration
    """Time over which it is spent, ending at the facelift."""


class Timeline(Declared):
    """Dates of the program and the spending tied to them."""

    program_start: Year
    """Start of joint development."""
    planned_start_of_production: Year
    """Start of production as planned."""
    delay: Duration
    """Slip of the start of production; spending stretches with it."""
    planned_end_of_production: Year
    """End of production as planned."""
    delay_carried_to_end: Fraction
    """Share of the delay by which the end of production moves too."""
    standing_cost: DollarPerYear
    """Cost of the team that waits: paid for each year of delay beside the stretched packages."""
    gates: dict[str, ShareOfTheWay]
    """Named gates as shares of the way to start of production."""
    spend: dict[str, Spend]
    """Development packages by name."""
    mid_cycle: MidCycle
    """The facelift."""

    def faults(self) -> tuple[str, ...]:
        """Dates or packages in the wrong order."""
        found: list[str] = []
        if self.planned_start_of_production <= self.program_start:
            found.append(
                "planned_start_of_production: production starts before the program does; "
                "choose a date after program_start"
            )
        if self.planned_end_of_production <= self.planned_start_of_production:
            found.append(
                "planned_end_of_production: production ends before it starts; "
                "choose a date after planned_start_of_production"
            )
        found.extend(
            f"spend.{name}: closes before it opens; choose closes above opens"
            for name in sorted(self.spend)
            if self.spend[name].closes <= self.spend[name].opens
        )
        return tuple(found)


class Schedule(eqx.Module):
    """The calendar as it turns out, and what is spent when.

    Attributes:
        start_of_production: decimal year, delay included.
        end_of_production: decimal year.
        gates: date of each named gate (decimal year).
        engineering: dollars by quarter, by whom it serves ("shared" or a partner).
        tooling: the same for capitalized tooling.
        packages: dollars by quarter of each package, the delay's standing cost ("delay") and the
            facelift ("mid_cycle") included: the same money again, by name.
        residual: largest gap between the packages' totals and the two tables' (dollars).
    """

    start_of_production: Scalar
    end_of_production: Scalar
    gates: dict[str, Scalar]
    engineering: dict[str, Float[Array, "quarter"]]
    tooling: dict[str, Float[Array, "quarter"]]
    packages: dict[str, Float[Array, "quarter"]]
    residual: Scalar


def schedule(timeline: Timeline, grid: QuarterGrid) -> Schedule:
    """Place gates and spending on the calendar.

    A delay moves the start of production and every gate in proportion, stretches the packages,
    adds the standing cost between the planned and the actual start, and moves the end of
    production by its stated share.
    """
    begin = timeline.program_start
    planned = timeline.planned_start_of_production
    start = planned + timeline.delay
    way = start - begin
    packages: dict[str, Float[Array, "quarter"]] = {}
    tables: dict[str, dict[str, Float[Array, "quarter"]]] = {"engineering": {}, "tooling": {}}

    def book(
        name: str, kind: str, serves: str, amount: Scalar, opens: Scalar, closes: Scalar
    ) -> None:
        packages[name] = spread(amount, opens, closes, grid)
        table = tables[kind]
        table[serves] = table.get(serves, jnp.zeros(grid.quarters)) + packages[name]

    for name in sorted(timeline.spend):
        item = timeline.spend[name]
        opens, closes = begin + item.opens * way, begin + item.closes * way
        book(name, item.kind, item.serves, item.amount, opens, closes)
    waiting = timeline.standing_cost * timeline.delay
    book("delay", "engineering", "shared", waiting, planned, start)
    facelift = start + timeline.mid_cycle.after_start
    opens = facelift - timeline.mid_cycle.lead_time
    book("mid_cycle", "tooling", "shared", timeline.mid_cycle.amount, opens, facelift)

    amounts = sum(
        (timeline.spend[name].amount for name in sorted(timeline.spend)),
        start=waiting + timeline.mid_cycle.amount,
    )
    booked = sum(
        (jnp.sum(flow) for table in tables.values() for flow in table.values()),
        start=jnp.asarray(0.0),
    )
    return Schedule(
        start_of_production=start,
        end_of_production=timeline.planned_end_of_production
        + timeline.delay_carried_to_end * timeline.delay,
        gates={name: begin + timeline.gates[name] * way for name in sorted(timeline.gates)},
        engineering=tables["engineering"],
        tooling=tables["tooling"],
        packages=packages,
        residual=jnp.abs(booked - amounts),
    )
