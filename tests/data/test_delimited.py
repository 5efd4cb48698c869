"""CSV tables: the types that pandas infers, and what is no table refused by file, line and column."""

from __future__ import annotations

import gzip
import sys

import numpy as np
import pandas
import pytest

from genjax_lab.data import MISSING, OTHER, read_csv
from genjax_lab.data.small import faithful, galaxies

HATS = "colour,size,price\nred,7,9.5\n?,8,\n\nblue,,12\nred,9,1e1\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_types_and_missing_cells(written):
    table = read_csv(written(HATS), label="colour")
    assert {name: column.kind for name, column in table.columns.items()} == {
        "colour": "categorical", "size": "integer", "price": "real",
    }  # fmt: skip
    assert table.classes == ("blue", "red", MISSING) and table.y.tolist() == [1, 2, 0, 1]
    np.testing.assert_array_equal(table.x["size"], [7, 8, np.nan, 9])
    np.testing.assert_array_equal(table.x["price"], [9.5, np.nan, 12, 10])
    assert table.lines.tolist() == [2, 3, 5, 6]
    assert [int(column.missing.sum()) for column in table.columns.values()] == [1, 1, 1]
    assert repr(table) == (
        "table: 4 rows; features: 1 integer, 1 real; label 'colour' of 3 classes; 3 cells missing"
    )  # fmt: skip
    assert repr(table["colour"]) == "colour: 4 categorical cells of 3: blue, red, ?"


def test_the_types_are_those_of_pandas(written):
    text = "a,b,c,d,e,f\n1,1.5,x,-3,007,1e3\n2,2,y z,4,08,2\n30,-.5,x,5,9,3\n"
    table, frame = read_csv(written(text)), pandas.read_csv(written(text))
    kinds = {"i": "integer", "f": "real"}
    for name, column in table.columns.items():
        wanted = frame[name]
        assert column.kind == kinds.get(wanted.dtype.kind, "categorical")
        found = np.array(column.categories)[column.values] if column.categories else column.values
        assert found.tolist() == wanted.tolist()


def test_nan_is_a_missing_number_as_numpy_pandas_and_r_write_it(written):
    table = read_csv(written("n,x\n1,0.5\nNaN,nan\n3,NA\n"))
    assert [column.kind for column in table.columns.values()] == ["integer", "real"]
    np.testing.assert_array_equal(table["n"].values, [1, np.nan, 3])
    np.testing.assert_array_equal(table["x"].values, [0.5, np.nan, np.nan])
    assert read_csv(written("n\n7\nnan\n"), missing=["?"])["n"].categories == ("7", "nan")


def test_gzipped_quoted_with_a_mark_of_byte_order_and_blanks(written):
    text = '\ufeffa,"b, c"\r\n  x , 1\r\n"two\r\nlines", -2.5\r\n\r\n"he said ""no""", 3\r\n'
    table = read_csv(written(gzip.compress(text.encode(), mtime=0), "rows.csv.gz"))
    assert table["a"].categories == ('he said "no"', "two\r\nlines", "x")
    assert table["b, c"].values.tolist() == [1, -2.5, 3] and table.lines.tolist() == [2, 3, 6]
    assert table.name == "rows"


def test_without_headings(written):
    path = written("1;a\n2;b\n")
    assert list(read_csv(path, header=False, delimiter=";").columns) == ["0", "1"]
    table = read_csv(path, header=["n", "letter"], delimiter=";", label="letter")
    assert list(table.features) == ["n"] and table["n"].values.dtype == np.int64


def test_kinds_and_marks_of_missing_cells_may_be_given(written):
    path = written("code,n,m,none\n1,1,-9,\n2,3,4,\n")
    table = read_csv(path, kinds={"code": "categorical", "n": "real"}, missing=["-9", ""])
    assert table["code"].categories == ("1", "2") and table["n"].values.dtype == np.float64
    np.testing.assert_array_equal(table["m"].values, [np.nan, 4])
    assert table["none"].categories == (MISSING,)
    empty = read_csv(path, kinds={"none": "integer"})["none"]
    assert empty.kind == "integer" and np.isnan(empty.values).all()


def test_a_second_table_has_the_types_of_the_first(written):
    first = read_csv(written("size,n,x,y\nS,1,1.5,a\nL,2,?,b\n?,3,2,a\n"), label="y")
    second = read_csv(written("size,n,x,y\nL,5,2,b\n?,-1,?,b\n"), like=first)
    assert second.label == "y" and second.classes == first.classes and second.y.tolist() == [1, 1]
    assert second["size"].categories == ("L", "S", MISSING) and second["size"].values.tolist() == [0, 2]
    assert second["x"].kind == "real" and second["n"].values.tolist() == [5, -1]
    sized = read_csv(written("size,n,x,y\n1,5,2,b\nbig,1,2,a\n"))
    codes = read_csv(written("size,n,x,y\n1,5,2,b\n"), like=sized)
    assert codes["size"].kind == "categorical" and codes["size"].values.tolist() == [0]
    bare = read_csv(written("S,1,1,a\n"), header=False, like=first)
    assert list(bare.columns) == list(first.columns)


def test_an_unseen_category_is_refused_or_other(written):
    first = read_csv(written("size,y\nS,a\nL,b\n"), label="y")
    path = written("size,y\nS,a\n\nXL,b\n?,b\n")
    message = r"line 4, column size: 'XL' is none of the 2 known categories L, S\. .*with_other"
    with pytest.raises(ValueError, match=message):
        read_csv(path, like=first)
    wide = first.with_other()
    assert wide["size"].categories == ("L", "S", OTHER) and wide.classes == ("a", "b")
    assert wide.with_other()["size"].categories == ("L", "S", OTHER)
    second = read_csv(path, like=wide)
    assert second["size"].values.tolist() == [1, 2, 2] and second["size"].other.tolist() == [False, True, True]
    assert repr(second).endswith("; 0 cells missing, 2 of unseen categories")
    with pytest.raises(ValueError, match="line 2, column y: 'c' is none of the 2 known"):
        read_csv(written("size,y\nS,c\n"), like=wide)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n,x\n1,2\n1.5,2\n", "line 3, column n: 1.5 is no whole number"),
        ("n,x\n1,2\nmany,2\n", "line 3, column n: 'many' is no number"),
        ("n,x\n1,2\n2,inf\n", "line 3, column x: an infinite number"),
        ("n,z\n1,2\n", r"line 1: the columns are \['n', 'z'\], not \['n', 'x'\] as of first"),
    ],
)
def test_numbers_of_a_second_table_are_checked(written, text, message):
    first = read_csv(written("n,x\n1,1.5\n", "first.csv"))
    with pytest.raises(ValueError, match=message):
        read_csv(written(text), like=first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("a,b\n", "no line follows the headings"),
        ("a,b,a\n1,2,3\n", "line 1: the heading a occurs twice"),
        ("a,b\n1,2\n2,3,4\n", "line 3 has 3 cells, not 2"),
        ("a,b\n1,2\n\n3\n", "line 4 has 1 cells, not 2"),
        ("a,b\n1,2\n3,\n4,-inf\n", "line 4, column b: an infinite number"),
        ('a,b\n1,2\n3,"4\n5,6\n', "line 3: not a CSV file"),
        ('a,b\n1,"2"x\n', "line 2: not a CSV file"),
        (b"a,b\n1,2\n3,\xff\n", "line 3: not text in UTF-8"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "a broken gzip file"),
    ],
)
def test_what_is_no_table_is_refused(written, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_csv(written(text))
    assert "table.csv" in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": "hat"}, r"no column is called 'hat'; there are \['colour', 'size', 'price'\]"),
        ({"label": "size"}, "the label 'size' holds integer numbers; kinds="),
        ({"kinds": {"hat": "real"}}, "kinds names hat; the columns are colour, size, price"),
        ({"kinds": {"size": "nominal"}}, "kinds holds nominal; a kind is one of categorical, integer, real"),
        ({"kinds": {"colour": "real"}}, "line 2, column colour: 'red' is no number. Is it a missing one"),
        ({"header": ["a", "b"]}, "line 1 has 3 cells, but there are 2 headings"),
    ],
)
def test_what_is_asked_for_in_vain_is_named(written, arguments, message):
    with pytest.raises(ValueError, match=message):
        read_csv(written(HATS), **arguments)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.csv"):
        read_csv(tmp_path / "nowhere.csv")


def test_without_pandas_the_extra_is_named(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"genjax_lab\[experiments\] brings: pip install pandas"):
        read_csv(written(HATS))


def test_rows_and_columns_can_be_taken(written):
    table = read_csv(written(HATS), label="colour")
    some = table.take(table.y == 1)
    assert len(some) == 2 and some.classes == table.classes and some.lines.tolist() == [2, 6]
    assert table.take([3, 0]).x["size"].tolist() == [9, 7]
    assert list(table.without("size").features) == ["price"] and table.without("colour").label is None
    with pytest.raises(ValueError, match="table has no label"):
        _ = table.without("colour").y
    with pytest.raises(KeyError, match="no column is called 'hat'"):
        table.without("hat")


def test_the_published_samples(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    eruptions, velocities = faithful(), galaxies()
    assert eruptions.shape == (272, 2) and velocities.shape == (82,)
    np.testing.assert_allclose(eruptions.mean(0), [3.487783, 70.897059], rtol=1e-6)
    np.testing.assert_allclose([velocities.min(), velocities.max()], [9.172, 34.279])
