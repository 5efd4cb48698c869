"""One blocked scan: whatever the block length, the result is that of the whole."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genjax_lab import blocks


@hypothesis.settings(max_examples=12)
@hypothesis.given(st.integers(1, 9), st.integers(1, 10))
def test_map_blocks_is_the_function(n, rows):
    x = {"a": np.arange(n, dtype=np.float32), "b": np.arange(2 * n).reshape(n, 2)}
    got = blocks.map_blocks(lambda d: (d["a"] * 2, d["b"].sum(1)), x, rows)
    np.testing.assert_array_equal(got[0], x["a"] * 2)
    np.testing.assert_array_equal(got[1], x["b"].sum(1))


@hypothesis.settings(max_examples=12)
@hypothesis.given(st.integers(1, 9), st.integers(1, 10))
def test_reduce_blocks_is_the_sum(n, rows):
    x = np.arange(1, n + 1)
    got = blocks.reduce_blocks(
        lambda a: (a.sum(), a.max()), lambda a, b: (a[0] + b[0], jnp.maximum(a[1], b[1])), x, rows
    )
    assert tuple(map(int, got)) == (x.sum(), n)


def test_no_row_is_used_twice_or_left_out():
    x = np.arange(103)
    seen = jax.jit(lambda x: blocks.map_blocks(lambda a: a, x, 10))(x)
    np.testing.assert_array_equal(seen, x)
    assert int(blocks.reduce_blocks(lambda a: jnp.ones_like(a).sum(), jnp.add, x, 10)) == 103


@pytest.mark.parametrize("width", [1, 784, 10**8])
def test_a_block_has_at_least_one_row_and_bounded_entries(width):
    x = jax.ShapeDtypeStruct((10**9, width), jnp.uint8)
    rows = blocks.block_rows(x)
    assert rows >= 1
    assert rows == 1 or rows * width <= max(blocks.BLOCK_ENTRIES.values())


def test_bytes_stay_bytes_outside_the_block():
    """The program of a blocked pass over uint8 rows holds no float array of their size."""
    x = jax.ShapeDtypeStruct((10_000, 8), jnp.uint8)
    total = jax.jit(lambda x: blocks.reduce_blocks(lambda a: a.astype(jnp.float32).sum(), jnp.add, x, 100))
    assert total.lower(x).compile().memory_analysis().temp_size_in_bytes < 80_000
