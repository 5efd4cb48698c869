"""Small tables: read as they are, refused by file, line and column."""

import numpy as np
import pytest

from genjax_lab.data import read_table
from genjax_lab.data.table import faithful, galaxies


def written(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_columns(tmp_path):
    table = read_table(written(tmp_path, 'rownames,a,"b, c"\r\nx,1,-2.5\r\n"y",1e3,4\r\n'))
    assert list(table) == ["a", "b, c"]
    np.testing.assert_array_equal(table["b, c"], [-2.5, 4.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a heading of two or more columns"),
        ("rownames,a\n", "at least one row"),
        ("rownames\n1\n", "two or more columns"),
        ("rownames,a,a\n1,2,3\n", "line 1: a heading occurs twice"),
        ("rownames,a\n1,2\n2,3,4\n", "line 3 has 3 cells, not 2"),
        ("rownames,a\n1,2\n\n", "line 3 has 0 cells, not 2"),
        ("rownames,a\n1,2\n2,NA\n", "line 3, column a: 'NA' is not a finite number"),
        ("rownames,a\n1,inf\n", "line 2, column a: 'inf' is not a finite number"),
        ('rownames,a\n1,"2\n', "not a CSV file"),
        (b"rownames,a\n1,\xff\n", "not a CSV file in UTF-8"),
    ],
)
def test_refuses_what_is_no_table(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_table(written(tmp_path, text))
    assert "table.csv" in str(error.value)


def test_the_published_tables(data_dir, monkeypatch):
    monkeypatch.setenv("GENJAX_LAB_DATA", str(data_dir))
    eruptions, velocities = faithful(), galaxies()
    assert eruptions.shape == (272, 2) and velocities.shape == (82,)
    np.testing.assert_allclose(eruptions.mean(0), [3.487783, 70.897059], rtol=1e-6)
    np.testing.assert_allclose([velocities.min(), velocities.max()], [9.172, 34.279])
