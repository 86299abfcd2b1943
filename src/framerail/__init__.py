"""Framerail: a shared electric-truck program, from watts to deal value.

The public names are listed in the stub beside this file and loaded when first used, so that
`framerail --help` starts without the numerical libraries.
"""

import importlib.metadata
import os

import lazy_loader

# XLA's CPU runtime can hang when loops that run side by side share its matrix-product threads;
# see docs/decisions/0008-one-thread-per-program.md. Read when JAX first computes.
_FLAG = "xla_cpu_multi_thread_eigen"
if _FLAG not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --{_FLAG}=false".strip()

__version__ = importlib.metadata.version("framerail")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
