"""Plant: what a site can build of the orders, when, and at what investment."""

from framerail.plant.capacity import (
    line_capacity,
    plant_utilization,
    program_capacity,
    volume_to_break_even,
)
from framerail.plant.investment import Investment, conversion_total, invest
from framerail.plant.launch_curve import launch_fraction, logistic_output, logistic_rate
from framerail.plant.production import (
    OUTCOMES,
    Flow,
    Production,
    conservation_residual,
    order_book,
    produce,
)
from framerail.plant.site import Launch, OrderRules, PlantInputs, Site

__all__ = [
    "OUTCOMES",
    "Flow",
    "Investment",
    "Launch",
    "OrderRules",
    "PlantInputs",
    "Production",
    "Site",
    "conservation_residual",
    "conversion_total",
    "invest",
    "launch_fraction",
    "line_capacity",
    "logistic_output",
    "logistic_rate",
    "order_book",
    "plant_utilization",
    "produce",
    "program_capacity",
    "volume_to_break_even",
]
