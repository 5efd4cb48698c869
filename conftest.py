"""Strictness for every doctest and test: no key is used twice, no rank is promoted in silence."""

from __future__ import annotations

import os
from typing import Any

import pytest

# Parallel workers share an accelerator only if none of them reserves most of its memory at the start.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def pytest_configure() -> None:
    import jax

    jax.config.update("jax_debug_key_reuse", True)
    jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True, scope="session")
def _doctest_names(doctest_namespace: dict[str, Any]) -> None:
    """The names every docstring example may use without importing them."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    import genjax_lab as gl

    doctest_namespace.update(gl=gl, jax=jax, jnp=jnp, np=np, optax=optax)
