"""Numerical tools shared by the stages; nothing here knows a truck."""
