"""`python -m framerail`: the command line."""

from framerail.cli import app

app()
