"""The published tables: rows, kinds and classes as their makers say, cells as pandas reads them."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas
import pytest

from genjax_lab.data import ChecksumError, DataNotFoundError, load, load_table, locate
from genjax_lab.data import uci as uci_module

TABLES = {  # rows, (categorical, integer, real) features, rows of each class, cells missing
    "adult": (32561, (8, 6, 0), {"<=50K": 24720, ">50K": 7841}, 4262),
    "car": (1728, (6, 0, 0), {"unacc": 1210, "acc": 384, "good": 69, "vgood": 65}, 0),
    "mushroom": (8124, (22, 0, 0), {"e": 4208, "p": 3916}, 2480),
    "nursery": (
        12960, (8, 0, 0),
        {"not_recom": 4320, "recommend": 2, "very_recom": 328, "priority": 4266, "spec_prior": 4044}, 0,
    ),
    "penguins": (344, (2, 3, 2), {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}, 19),
    "titanic": (32, (3, 1, 0), {"No": 16, "Yes": 16}, 0),
    "ucb_admissions": (24, (2, 1, 0), {"Admitted": 12, "Rejected": 12}, 0),
    "vote": (435, (16, 0, 0), {"democrat": 267, "republican": 168}, 392),
}  # fmt: skip
CSV = {"adult": "uci/adult.data.gz", "mushroom": "uci/agaricus-lepiota.data.gz", "penguins": "small/penguins.csv"}


@pytest.fixture
def real(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    return data_dir


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.delenv("GENJAX_LAB_DATA", raising=False)
    monkeypatch.setattr(locate, "cache_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", TABLES)
def test_published_tables(real, name):
    rows, kinds, classes, missing = TABLES[name]
    table = load_table(name)
    found = [column.kind for column in table.features.values()]
    assert (table.name, len(table)) == (name, rows)
    assert tuple(found.count(kind) for kind in ("categorical", "integer", "real")) == kinds
    assert dict(zip(table.classes, np.bincount(table.y).tolist(), strict=True)) == classes
    assert sum(int(column.missing.sum()) for column in table.columns.values()) == missing


@pytest.mark.parametrize("name", CSV)
def test_cells_are_those_that_pandas_reads(real, name):
    table = load_table(name)
    header = 0 if name == "penguins" else None
    frame = pandas.read_csv(real / CSV[name], header=header, skipinitialspace=True, na_values="?")
    if name == "penguins":
        frame = frame.drop(columns="rownames")
    for column, (_, wanted) in zip(table.columns.values(), frame.items(), strict=True):
        if column.kind == "categorical":
            assert np.array(column.categories)[column.values].tolist() == wanted.fillna("?").tolist()
        else:
            np.testing.assert_array_equal(column.values, wanted)


def test_counts_of_the_contingency_tables(real):
    for name, total in [("hair_eye_color", 592), ("titanic", 2201), ("ucb_admissions", 4526)]:
        assert load_table(name)["Freq"].values.sum() == total
    assert load_table("hair_eye_color").label is None


def test_every_combination_of_features_occurs_once(real):
    for name in ("car", "nursery"):
        x = np.stack(list(load_table(name).x.values()), 1)
        assert len(np.unique(x, axis=0)) == len(x) == np.prod(x.max(0) + 1)


def test_unknown_names(real):
    with pytest.raises(ValueError, match="unknown table 'mushrooms'; the known ones are adult, car"):
        load_table("mushrooms")
    with pytest.raises(ValueError, match=r"unknown data set 'adult'; .*it is a table: use load_table"):
        load("adult")


def test_a_table_that_is_nowhere(nowhere):
    with pytest.raises(
        DataNotFoundError, match=r"adult.data.gz was not found: .*no mirror is known\n(.*\n).*uci/ with adult"
    ):
        load_table("adult")


def test_another_file_is_refused(nowhere, monkeypatch):
    path = nowhere / "uci" / "car.arff.gz"
    path.parent.mkdir()
    path.write_bytes(b"@relation car\n")
    with pytest.raises(ChecksumError, match=r"car.arff.gz is not the published file"):
        load_table("car")
    monkeypatch.setitem(uci_module.SHA256, path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(ValueError, match=r"car.arff.gz: line 1 is the last"):
        load_table("car")
