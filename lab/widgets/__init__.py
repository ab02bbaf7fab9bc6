"""The window.

What it needs of the rest is loaded here, before Qt: once PySide6 is there, it reads the source of every module that is
loaded after it, which for Numba and NumPy takes a quarter of a second.
"""

import lab.engine.experiment
import lab.engine.runner
import lab.kernels
import lab.session  # noqa: F401
