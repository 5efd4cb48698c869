"""Tables of bits: their published sizes, and clear errors."""

from __future__ import annotations

import numpy as np
import pytest

from genjax_lab.data import DataNotFoundError, load_bits

SIZES = {
    "nltcs": (16181, 2157, 3236, 16), "plants": (17412, 2321, 3482, 69), "dna": (1600, 400, 1186, 180),
    "mushrooms": (2000, 500, 5624, 112),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_parts_have_their_published_sizes(name, data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    bits = load_bits(name)
    assert (*map(len, bits), bits.train.shape[1]) == SIZES[name]
    assert all(part.dtype == np.uint8 and part.max() == 1 and part.shape[1:] == bits.train.shape[1:] for part in bits)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="none of accidents, baudio"):
        load_bits("nltc")


def test_a_file_that_is_nowhere_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataNotFoundError, match="dna"):
        load_bits("dna")
