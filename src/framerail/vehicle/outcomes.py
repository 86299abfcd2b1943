"""What the vehicle stage has to say beside its figures: one table for all its functions."""

from framerail.numerics.outcome import Outcome

TRACE_MISSED, BATTERY_EMPTY, SIXTY_NOT_REACHED, SPEED_NOT_HELD, TRIP_NOT_POSSIBLE = range(5)

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
    Outcome(
        "speed_not_held",
        "The vehicle cannot hold the steady speed on this grade with this load.",
        "Raise power, or lower speed, grade, trailer mass or trailer frontal area.",
    ),
    Outcome(
        "trip_not_possible",
        "No number of stops reaches the destination within the usable charge between stops.",
        "Lower the reserve, the speed or the load, or space the stations more closely.",
    ),
)
