"""ARFF tables: the declared types, and what is no table refused by file and line."""

from __future__ import annotations

import gzip
import sys

import numpy as np
import pytest
from scipy.io import arff

from genjax_lab.data import MISSING, OTHER, read_arff

HATS = """% two hats
@RELATION hats

@ATTRIBUTE 'the colour' {red, 'light blue'}
@attribute size INTEGER
@attribute price real % in pounds
@data
% the first
'light blue',7,9.5

?,8,?
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="table.arff"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("packed", [False, True])
def test_types_and_missing_cells(written, packed):
    path = written(gzip.compress(HATS.encode(), mtime=0) if packed else HATS)
    table = read_arff(path, label="the colour")
    assert [column.kind for column in table.columns.values()] == ["categorical", "integer", "real"]
    assert table.classes == ("red", "light blue", MISSING) and table.y.tolist() == [1, 2]
    assert table["size"].values.dtype == np.int64
    np.testing.assert_array_equal(table["price"].values, [9.5, np.nan])
    assert table.lines.tolist() == [9, 11] and table.name == "table"


def test_is_what_scipy_reads(data_dir):
    path = data_dir / "uci" / "vote.arff.gz"
    with gzip.open(path, "rt") as file:
        data, meta = arff.loadarff(file)
    table = read_arff(path)
    assert list(table.columns) == meta.names() and table.label is None
    for name, column in table.columns.items():
        assert column.categories[:2] == meta[name][1]
        assert np.array(column.categories)[column.values].tolist() == [cell.decode() for cell in data[name]]


def test_a_second_table_has_the_categories_of_the_first(written):
    head = "@relation r\n@attribute c {%s}\n@attribute n numeric\n@data\n"
    first = read_arff(written(head % "a,b" + "a,1.5\n"), label="c")
    second = read_arff(written(head % "b,c,a" + "b,1\na,2\n"), like=first)
    assert second.classes == ("a", "b") and second.y.tolist() == [1, 0] and second["n"].kind == "real"
    path = written(head % "b,c,a" + "b,1\n\nc,2\n")
    with pytest.raises(ValueError, match="line 7, column c: 'c' is none of the 2 known"):
        read_arff(path, like=first)
    other = read_arff(path, like=read_arff(written(head % "a,b" + "a,1.5\n", "first.arff")).with_other())
    assert other["c"].categories == ("a", "b", OTHER) and other["c"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("@relation r\n@attribute a real\n", "line 2 is the last, and there was no @data"),
        ("@relation r\n@attribute a real\n@data\n\n", "no row follows @data"),
        ("@relation r\n@attribute a {x,y}\n@data\nx\n\nz\n", "line 6: z value not in"),
        ("@relation r\n@attribute a real\n@data\n1\nx\n", "line 5: could not convert string to float: 'x'"),
        ("@relation r\n@attribute a real\n@attribute b real\n@data\n1,2\n3\n", "line 6: 1 cells, not 2"),
        ("@relation r\n@attribute a real\n@attribute b real\n@data\n1,2\n% 3\n3,4,5\n", "line 7: 3 cells, not 2"),
        ("@relation r\n@attribute a real\n@attribute b colour\n@attribute c real\n@data\n", "line 3: .*unknown"),
        ("@relation r\n@attribute a real\n@atribute b real\n@data\n1\n", "line 3: .*@atribute"),
        ("@relation r\n@attribute a string\n@data\nx\n", "line 2: a is declared string; an attribute must be"),
        (
            "@relation r\n@attribute a date 'yyyy'\n@data\n1999\n",
            "line 2: a is declared date; .* nominal or numeric",
        ),
        ("@relation r\n% twice\n@attribute a {x,y,x}\n@data\nx\n", "line 3: a declares the category x twice"),
        ("@relation r\n@attribute a {é}\n@data\né\n", "line 2: .*SciPy reads ASCII only"),
        ("@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n", "line 3: the attribute a occurs twice"),
        ("@relation r\n@attribute a real\n@data\n1e999\n", "line 4, column a: an infinite number"),
        (b"@relation r\n\xff\n", "line 2: not text in UTF-8"),
        (gzip.compress(HATS.encode(), mtime=0)[:-9], "a broken gzip file"),
    ],
)
def test_what_is_no_table_is_refused(written, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_arff(written(text))
    assert "table.arff" in str(error.value)


def test_other_kinds_than_those_of_the_first_table_are_refused(written):
    text = "@relation r\n@attribute a %s\n@data\n1\n"
    number, name = read_arff(written(text % "real")), read_arff(written(text % "{1,2}", "second.arff"))
    with pytest.raises(ValueError, match="line 2: a is declared nominal; it is integer in table"):
        read_arff(written(text % "{1,2}"), like=number)
    with pytest.raises(ValueError, match="line 2: a is declared numeric; nominal is due"):
        read_arff(written(text % "real"), like=name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.arff"):
        read_arff(tmp_path / "nowhere.arff")


def test_without_scipy_the_extra_is_named(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io.arff", None)
    with pytest.raises(ImportError, match=r"genjax_lab\[experiments\] brings: pip install scipy"):
        read_arff(written(HATS))
