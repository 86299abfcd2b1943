"""The one calendar of the program: gates, delays, and the spending that hangs on them.

Positions on the way from program start (0) to start of production (1) become dates by one map,
`dates_of`. The delay stretches the whole way in proportion; a gate's slip stretches only the phase
that ends at that gate and pushes everything after it. Spending follows its positions, so a slip
moves the cash of its own phase and of all later ones, and leaves earlier ones where they were.
"""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, spread
from framerail.quantities import (
    Declared,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Scalar,
    Units,
    Year,
)

DollarPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 1e8)]
DollarPerYear = Annotated[Scalar, Quantity("dollar/year", 0.0, 1e12)]
ShareOfTheWay = Annotated[Scalar, Quantity("dimensionless", 0.0, 2.0)]
"""Place between program start (0) and start of production (1); above 1 lies after it."""


class Gate(Declared):
    """One gate on the way: where it is planned, and by how much it slips on its own."""

    place: ShareOfTheWay
    """Planned place between program start (0) and start of production (1)."""
    slip: Duration
    """Time by which the phase that ends at this gate takes longer than planned."""

    def faults(self) -> tuple[str, ...]:
        """A phase must have a length that can be stretched."""
        if not 0.0 < float(self.place) <= 1.0:
            return ("place: expected above 0 and at most 1, between program start and production",)
        return ()


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


class Build(Declared):
    """A series of trucks built before production: prototypes, or the validation series."""

    trucks: Units
    """Trucks built."""
    cost: DollarPerTruck
    """Nominal dollars per truck, by hand or off soft tools."""
    opens: ShareOfTheWay
    """Where building begins, as a share of the way to start of production."""
    closes: ShareOfTheWay
    """Where building ends, as a share of the way to start of production."""
    serves: str = eqx.field(static=True)
    """The partner whose truck it is, or "shared"."""


class MidCycle(Declared):
    """The mid-cycle action: shared tooling and engineering in the middle of production."""

    amount: PositiveDollar
    """Nominal dollars."""
    engineering_share: Fraction
    """Part of the amount that is engineering; the rest is shared tooling."""
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
    """Delay of the whole way, beyond the slips of single gates; spending stretches with it."""
    planned_end_of_production: Year
    """End of production as planned."""
    delay_carried_to_end: Fraction
    """Share of the delay by which the end of production moves too."""
    standing_cost: DollarPerYear
    """Cost of the team that waits: paid for each year of delay or slip beside the packages."""
    gates: dict[str, Gate]
    """Gates by name, each with its own slip."""
    plant_available: Year
    """First date on which the plant and its line can be had for the program."""
    spend: dict[str, Spend]
    """Development packages by name."""
    builds: dict[str, Build]
    """Prototypes and other trucks built before production, by name."""
    mid_cycle: MidCycle
    """The facelift."""

    @property
    def slip(self) -> Scalar:
        """Time from the planned to the actual start of production: the delay and every slip."""
        return sum((gate.slip for gate in self.gates.values()), start=self.delay)

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
        if self.planned_start_of_production < self.plant_available:
            found.append(
                "planned_start_of_production: the launch comes before the plant exists "
                f"(plant_available is {float(self.plant_available):.2f}); choose a later start, "
                "or another plant"
            )
        for table, items in (("spend", self.spend), ("builds", self.builds)):
            found.extend(
                f"{table}.{name}: closes before it opens; choose closes above opens"
                for name, item in sorted(items.items())
                if item.closes <= item.opens
            )
        found.extend(
            f"builds.{name}: a package of this name is in spend; choose another name"
            for name in sorted(set(self.builds) & set(self.spend))
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
        packages: dollars by quarter of each package and build, the standing cost of the delay and
            of the slips ("delay", "slips") and the mid-cycle action ("mid_cycle") included: the
            same money again, by name.
        residual: largest gap between the packages' totals and the two tables' (dollars).
    """

    start_of_production: Scalar
    end_of_production: Scalar
    gates: dict[str, Scalar]
    engineering: dict[str, Float[Array, "quarter"]]
    tooling: dict[str, Float[Array, "quarter"]]
    packages: dict[str, Float[Array, "quarter"]]
    residual: Scalar


class _Phases(eqx.Module):
    """Phases in planned order: each ends at its gate."""

    opens: Float[Array, "gate"]
    closes: Float[Array, "gate"]
    slip: Float[Array, "gate"]


def _phases(timeline: Timeline) -> _Phases:
    gates = [timeline.gates[name] for name in sorted(timeline.gates)]
    place = jnp.stack([gate.place for gate in gates]) if gates else jnp.zeros(0)
    slip = jnp.stack([gate.slip for gate in gates]) if gates else jnp.zeros(0)
    order = jnp.argsort(place)
    ends = place[order]
    before = jnp.concatenate([jnp.zeros(1), ends])[: ends.shape[0]]
    return _Phases(before, ends, slip[order])


def dates_of(timeline: Timeline, places: Float[Array, "place"]) -> Float[Array, "place"]:
    """Dates of places on the way (0 is program start, 1 start of production, above 1 after it)."""
    return _dates(timeline, _phases(timeline), places)


def _dates(
    timeline: Timeline, phases: _Phases, places: Float[Array, "place"]
) -> Float[Array, "place"]:
    length = jnp.maximum(phases.closes - phases.opens, 1e-6)
    done = jnp.clip((places[:, None] - phases.opens[None, :]) / length[None, :], 0.0, 1.0)
    way = timeline.planned_start_of_production + timeline.delay - timeline.program_start
    return timeline.program_start + places * way + done @ phases.slip


class _Entry(NamedTuple):
    """Money spent evenly between two dates."""

    name: str
    kind: str
    serves: str
    amount: Scalar
    opens: Scalar
    closes: Scalar


def schedule(timeline: Timeline, grid: QuarterGrid) -> Schedule:
    """Place gates and spending on the calendar.

    The delay moves the start of production and every gate in proportion and stretches the
    packages; a gate's slip stretches its own phase and pushes all that follows. Both add the
    standing cost, the delay's between the planned and the delayed start, a slip's in its own phase,
    and both move the end of production by the stated share.
    """
    start = timeline.planned_start_of_production + timeline.slip
    phases = _phases(timeline)
    entries = _entries(timeline, phases, start)
    amount, opens, closes = (
        jnp.stack([getattr(entry, side) for entry in entries])
        for side in ("amount", "opens", "closes")
    )
    flows = jax.vmap(lambda money, start, end: spread(money, start, end, grid))(
        amount, opens, closes
    )

    def added_up(of: Callable[[_Entry], str], *kind: str) -> dict[str, Float[Array, "quarter"]]:
        chosen = [not kind or entry.kind in kind for entry in entries]
        keys = dict.fromkeys(of(one) for one, take in zip(entries, chosen, strict=True) if take)
        picks = np.asarray(
            [
                [take and of(one) == key for one, take in zip(entries, chosen, strict=True)]
                for key in keys
            ],
            dtype=float,
        )
        return dict(zip(keys, picks @ flows, strict=True))

    tables = {kind: added_up(lambda one: one.serves, kind) for kind in ("engineering", "tooling")}
    booked = sum(
        (jnp.sum(flow) for table in tables.values() for flow in table.values()),
        start=jnp.asarray(0.0),
    )
    names = sorted(timeline.gates)
    places = [timeline.gates[name].place for name in names]
    gates = _dates(timeline, phases, jnp.stack(places)) if names else jnp.zeros(0)
    return Schedule(
        start_of_production=start,
        end_of_production=timeline.planned_end_of_production
        + timeline.delay_carried_to_end * timeline.slip,
        gates=dict(zip(names, gates, strict=True)),
        engineering=tables["engineering"],
        tooling=tables["tooling"],
        packages=added_up(lambda one: one.name),
        residual=jnp.abs(booked - jnp.sum(amount)),
    )


def _entries(timeline: Timeline, phases: _Phases, start: Scalar) -> list[_Entry]:
    """Packages, builds, standing cost and the mid-cycle action."""
    items = sorted((timeline.spend | timeline.builds).items())
    sides = jnp.stack([place for _, item in items for place in (item.opens, item.closes)])
    dates = _dates(timeline, phases, sides).reshape(-1, 2)
    entries = [
        _Entry(
            name,
            item.kind if isinstance(item, Spend) else "engineering",
            item.serves,
            item.amount if isinstance(item, Spend) else item.trucks * item.cost,
            *between,
        )
        for (name, item), between in zip(items, dates, strict=True)
    ]
    idle = timeline.standing_cost
    shared = ("engineering", "shared")
    entries.append(_Entry("delay", *shared, idle * timeline.delay, start - timeline.delay, start))
    ends = jnp.concatenate([phases.opens, phases.closes])
    lasts = _dates(timeline, phases, ends).reshape(2, -1).T
    entries += [
        _Entry("slips", *shared, idle * slip, *between)
        for slip, between in zip(phases.slip, lasts, strict=True)
    ]
    cycle = timeline.mid_cycle
    drawn = cycle.amount * cycle.engineering_share
    facelift = start + cycle.after_start
    when = (facelift - cycle.lead_time, facelift)
    entries.append(_Entry("mid_cycle", *shared, drawn, *when))
    entries.append(_Entry("mid_cycle", "tooling", "shared", cycle.amount - drawn, *when))
    return entries
