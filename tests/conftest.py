from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jax
import pytest

# The first example of a property compiles, so time says nothing; a failure is the same one on every machine.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what XLA compiled: both workers share it, and the next run has it; compiling is most of the suite's time."""
    if hasattr(config, "cache"):  # not under -p no:cacheprovider
        jax.config.update("jax_compilation_cache_dir", str(config.cache.mkdir("xla")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)


MANY_MAPS = 30_000
"""Memory maps of a process; Linux allows 65,530, each compiled program takes some, and one too many is fatal."""

FINISHED = itertools.count()


def pytest_runtest_logfinish() -> None:
    """Let go of compiled programs before there are too many."""
    maps = Path("/proc/self/maps")
    if next(FINISHED) % 16 == 0 and maps.exists() and maps.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets; a test that needs it is skipped where there is none."""
    given = os.environ.get("GENJAX_LAB_DATA")
    folder = Path(given) if given else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        if given:
            pytest.fail(f"GENJAX_LAB_DATA={given} is not a folder")
        pytest.skip("needs the real data: GENJAX_LAB_DATA is not set and there is no ../shared/data")
    return folder.resolve()
