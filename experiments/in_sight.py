"""Fits that say how far they are, and are kept in a folder from which the same fit goes on."""

from __future__ import annotations

import contextlib
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import genjax_lab as gl
from experiments.stages import inside

EVERY = 30.0
"""Seconds between two lines, at least."""


class Earlier:
    """Seconds that fits had taken, those of compiling too, before they went on from their folders."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def note(self, folder: str | None) -> None:
        """Add those of the fit that is kept in a folder, if there is one."""
        lines = Path(folder, "metrics.jsonl") if folder is not None else None
        if lines is None or not lines.exists():
            return
        for line in reversed(lines.read_text(encoding="utf-8").splitlines()):
            with contextlib.suppress(ValueError):  # a process may have been killed in the middle of the last one
                self.seconds += json.loads(line)["seconds"]
                return


EARLIER = Earlier()


def fit(density: gl.Density, x: Any, name: str, folder: str | None = None, **how: Any) -> gl.Fit:
    """`gl.fit` with its name in the lines it prints; kept in a folder of the name, within another.

    Its status is left to whoever reads the result; that it could not be kept is a warning.
    """
    place = inside(folder, name)
    EARLIER.note(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gl.FitWarning)
        warnings.filterwarnings("always", ".*could not be saved", gl.FitWarning)
        return gl.fit(density, x, checkpoint=place, progress=_lines(name), **how)


def _lines(name: str) -> Callable[[dict[str, Any]], None]:
    said = time.perf_counter()

    def line(now: dict[str, Any]) -> None:
        nonlocal said
        if time.perf_counter() - said >= EVERY:
            said = time.perf_counter()
            spent = f"{now['seconds']:.0f} s, at most {now['left']:.0f} s left"
            print(f"  {name}: step {now['step']}, {now['value']:.5g} nats an event; {spent}", flush=True)

    return line
