"""What the vehicle stage has to say beside its figures: one table for all its functions."""

from framerail.numerics.outcome import Outcome

TRACE_MISSED, BATTERY_EMPTY, SIXTY_NOT_REACHED = range(3)

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "trace_missed",
        "The vehicle fell more than 2 mph short of the drive cycle.",
        "Raise peak power or torque, battery power or tire adhesion, or choose a milder cycle.",
    ),
    Outcome(
        "battery_empty",
        "The battery ran below its usable window before the end of the drive cycle.",
        "Raise the battery's energy or start with a higher state of charge.",
    ),
    Outcome(
        "sixty_not_reached",
        "The vehicle cannot reach 60 mph; its 0-60 mph time is a cap.",
        "Raise peak power or battery power, or lower mass and resistance.",
    ),
)
