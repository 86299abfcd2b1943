"""Plant sites and what a launch in them is like: the inputs of the stage."""

from typing import Annotated

import equinox as eqx

from framerail.quantities import (
    Declared,
    DollarPerHour,
    DollarPerKilowattHour,
    Duration,
    Fraction,
    Hour,
    Mile,
    PositiveDollar,
    PositiveNumber,
    Quantity,
    Scalar,
    Year,
)

TrucksPerHour = Annotated[Scalar, Quantity("truck/hour", 0.0, 200.0)]
TrucksPerYear = Annotated[Scalar, Quantity("truck/year", 0.0, 5e6)]
ShiftsPerDay = Annotated[Scalar, Quantity("dimensionless", 0.0, 4.0)]
DaysPerYear = Annotated[Scalar, Quantity("dimensionless", 0.0, 366.0)]
DollarPerTherm = Annotated[Scalar, Quantity("dollar/therm", 0.0, 100.0)]
DollarPerTruck = Annotated[Scalar, Quantity("dollar/truck", -1e6, 1e6)]
DollarPerAnnualTruck = Annotated[Scalar, Quantity("dollar*year/truck", 0.0, 1e6)]
"""Investment per truck of yearly capacity."""
DollarPerYear = Annotated[Scalar, Quantity("dollar/year", 0.0, 1e12)]


class Site(Declared):
    """One plant in which the program could be built."""

    jobs_per_hour: TrucksPerHour
    """Rate of the line that would carry the program."""
    hours_per_shift: Hour
    """Net running hours of a shift (breaks taken off)."""
    shifts: ShiftsPerDay
    """Shifts a day on that line."""
    days_per_year: DaysPerYear
    """Production days a year."""
    uptime: Fraction
    """Share of the running time in which the line moves."""
    share_available: Fraction
    """Share of the line's capacity that other models leave free for the program."""
    installed_capacity: TrucksPerYear
    """Capacity for which the conversion is sized and paid (a decision, all trucks together)."""
    plant_capacity: TrucksPerYear
    """Capacity of the whole plant."""
    other_output: TrucksPerYear
    """What else is built there."""
    break_even_utilization: Fraction
    """Utilization of the whole plant at which it covers its fixed cost."""
    contribution_of_other: DollarPerTruck
    """Contribution lost with each other vehicle that the program displaces."""
    conversion_per_annual_truck: DollarPerAnnualTruck
    """Conversion investment per truck of installed yearly capacity."""
    conversion_fixed: PositiveDollar
    """Conversion investment that does not depend on the capacity."""
    conversion_time: Duration
    """Time over which the conversion is spent, ending at the start of production."""
    lost_output: PositiveNumber
    """Other vehicles not built because of the conversion."""
    launch_cost: PositiveDollar
    """Training, trial builds and start-up scrap, spent from start of production to half rate."""
    labor_hours: Hour
    """Hourly labor per truck at the mature rate: body, paint, assembly."""
    launch_labor_excess: PositiveNumber
    """Labor hours above the mature figure at the very start of the launch, as a multiple of it."""
    wage: DollarPerHour
    """Hourly labor cost with benefits."""
    electricity_price: DollarPerKilowattHour
    """Price of electricity, 2023 dollars."""
    gas_price: DollarPerTherm
    """Price of natural gas, 2023 dollars."""
    inbound_distance: Mile
    """Mean road distance from the suppliers, weighted by their parts' cost."""
    pack_distance: Mile
    """Road distance from the plant that makes the packs."""
    fixed_cost: DollarPerYear
    """Fixed cost of the whole plant, paid with or without the program."""
    program_fixed_cost: DollarPerYear
    """Fixed cost that only the program causes, while it runs."""
    incentive_fraction: Fraction
    """State and local incentive as a share of the conversion investment."""
    available_from: Year
    """When the plant stands: its opening, or the earliest completion of one yet to be built."""

    def faults(self) -> tuple[str, ...]:
        """A plant that cannot build, or that is already overfull."""
        found: list[str] = []
        for name in ("jobs_per_hour", "hours_per_shift", "shifts", "days_per_year", "uptime"):
            if float(getattr(self, name)) <= 0.0:
                found.append(f"{name}: expected more than 0, or the line builds nothing")
        if float(self.installed_capacity) <= 0.0:
            found.append("installed_capacity: expected more than 0, such as '60000 truck/year'")
        if float(self.other_output) > float(self.plant_capacity):
            found.append(
                "other_output is above plant_capacity; lower it or raise the plant's capacity"
            )
        return tuple(found)


class Launch(Declared):
    """How a launch climbs: a logistic from the start of production."""

    time_to_half: Duration
    """Time from start of production until half of the mature rate."""
    time_constant: Duration
    """Time constant of the logistic: 10% to 90% takes 4.4 of it."""
    realized_over_announced: Fraction
    """Mature rate reached, as a share of the installed capacity: what supply alone costs.

    Weak demand is not in it: the market stage owns demand.
    """


class OrderRules(Declared):
    """How the plant answers orders: waiting and cancellation, stock, crews, price cuts."""

    cancellation: Fraction
    """Share of the waiting orders that leave in a quarter."""
    stock_time: Duration
    """Finished trucks held in the pipeline, as a time of orders."""
    markdown: Fraction
    """Price cut for each further quarter that a truck in stock has aged, as a share of price."""
    overtime: Fraction
    """Most output in overtime, as a share of regular output."""
    overtime_premium: PositiveNumber
    """Premium on the wage in overtime, as a share of it."""
    crew_adding_time: Duration
    """Time constant with which crews follow rising work (a shift is added)."""
    crew_dropping_time: Duration
    """Time constant with which crews follow falling work (a shift is dropped)."""
    crew_change_time: Duration
    """Pay that a change of crews costs, as a time: hiring and training, or dismissal."""


class PlantInputs(Declared):
    """Inputs of the plant stage."""

    chosen: str = eqx.field(static=True)
    """The site in which the program is built; a key of `sites`."""
    sites: dict[str, Site]
    """The alternatives by name."""
    launch: Launch
    """The launch curve, common to the sites (it belongs to the maker and the truck)."""
    orders: OrderRules
    """Backlog, cancellation and stock, common to the sites."""

    def faults(self) -> tuple[str, ...]:
        """A chosen site that does not exist; a site that is already overfull."""
        found: list[str] = []
        if self.chosen not in self.sites:
            known = ", ".join(sorted(self.sites))
            found.append(f"chosen: there is no site '{self.chosen}'; choose one of: {known}")
        return tuple(found)
