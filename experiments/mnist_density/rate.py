"""The learning rate of every network of the ladder."""

from __future__ import annotations

from typing import Any

import optax

import genjax_lab as gl


def up_and_down(rate: float, steps: int) -> Any:
    """A schedule that is raised to the rate in a twentieth of the steps, and let down along a cosine in the others."""
    return gl.schedule(
        optax.warmup_cosine_decay_schedule, init_value=rate / 20, peak_value=rate, warmup_steps=max(1, steps // 20),
        decay_steps=steps, end_value=rate / 50,
    )  # fmt: skip
