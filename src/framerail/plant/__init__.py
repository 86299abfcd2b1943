"""Plant: what a site can build of the orders, when, and at what investment."""

from framerail.plant.capacity import (
    contribution_break_even,
    line_capacity,
    plant_utilization,
    program_capacity,
    volume_to_break_even,
)
from framerail.plant.investment import Investment, conversion_total, invest
from framerail.plant.launch_curve import launch_fraction, logistic_output, logistic_rate
from framerail.plant.order_book import Flow, conservation_residual, order_book
from framerail.plant.production import (
    OUTCOMES,
    Line,
    Production,
    build_orders,
    produce,
    production_line,
)
from framerail.plant.site import Launch, OrderRules, PlantInputs, Site
from framerail.plant.staffing import Staffing, staffing

__all__ = [
    "OUTCOMES",
    "Flow",
    "Investment",
    "Launch",
    "Line",
    "OrderRules",
    "PlantInputs",
    "Production",
    "Site",
    "Staffing",
    "build_orders",
    "conservation_residual",
    "contribution_break_even",
    "conversion_total",
    "invest",
    "launch_fraction",
    "line_capacity",
    "logistic_output",
    "logistic_rate",
    "order_book",
    "plant_utilization",
    "produce",
    "production_line",
    "program_capacity",
    "staffing",
    "volume_to_break_even",
]
