"""Files are found in their order and checked; a failure says what would help. Nothing touches the network."""

from __future__ import annotations

import builtins
import hashlib
import logging.handlers
import re
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests

from genjax_lab.data import locate as module
from genjax_lab.data.locate import ChecksumError, DataNotFoundError, Published, locate

CONTENT = b"the published bytes"
FIRST, SECOND = "https://first.example/data/", "https://second.example/data/"
PUBLISHED = Published("set", {"file.gz": hashlib.sha256(CONTENT).hexdigest()}, (FIRST, SECOND))


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "environment"
    root.mkdir()
    monkeypatch.setenv("GENJAX_LAB_DATA", str(root))
    return root


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cache"
    monkeypatch.setattr(module, "cache_folder", lambda: root)
    return root


@pytest.fixture(autouse=True)
def mirrors(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes | Exception]:
    """What each address serves, once; asking for anything else is an error of the test."""
    served: dict[str, bytes | Exception] = {}

    def download(self: Any, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        answer = served.pop(url)
        if isinstance(answer, Exception):
            raise answer
        Path(output_file).write_bytes(answer)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    return served


def put(root: Path, content: bytes) -> Path:
    path = root / "set" / "file.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_environment_comes_before_cache(environment: Path, cache: Path) -> None:
    put(cache, CONTENT)
    path = put(environment, CONTENT)
    assert locate(PUBLISHED) == {"file.gz": path}


def test_cache_comes_before_download(environment: Path, cache: Path) -> None:
    path = put(cache, CONTENT)
    assert locate(PUBLISHED) == {"file.gz": path}


def test_unset_environment_is_passed_over(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(cache, CONTENT)
    monkeypatch.delenv("GENJAX_LAB_DATA", raising=False)
    assert locate(PUBLISHED) == {"file.gz": path}
    monkeypatch.setenv("GENJAX_LAB_DATA", "")
    assert locate(PUBLISHED) == {"file.gz": path}


def test_environment_that_is_no_folder_is_said_and_what_helps(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, CONTENT)
    monkeypatch.setenv("GENJAX_LAB_DATA", "/no/such/folder")
    with pytest.raises(DataNotFoundError, match="GENJAX_LAB_DATA=/no/such/folder is not a folder") as caught:
        locate(PUBLISHED)
    assert all(
        help in str(caught.value) for help in ("unset it", "1. set GENJAX", "2. put", "3. let them be downloaded")
    )


def test_only_a_download_that_succeeds_is_told(environment: Path, cache: Path, mirrors: dict) -> None:
    told = logging.handlers.BufferingHandler(100)
    pooch.get_logger().addHandler(told)
    try:
        mirrors |= {FIRST + "file.gz": requests.ConnectionError(), SECOND + "file.gz": requests.ConnectionError()}
        with pytest.raises(DataNotFoundError):
            locate(PUBLISHED)
        assert not told.buffer
        mirrors |= {FIRST + "file.gz": requests.ConnectionError(), SECOND + "file.gz": CONTENT}
        locate(PUBLISHED)
        assert [line.getMessage() for line in told.buffer] == [
            f"file.gz downloaded from second.example to {cache / 'set'}"
        ]
    finally:
        pooch.get_logger().removeHandler(told)


def test_second_mirror_serves_when_the_first_fails(environment: Path, cache: Path, mirrors: dict) -> None:
    mirrors |= {FIRST + "file.gz": requests.ConnectionError("down"), SECOND + "file.gz": CONTENT}
    path = locate(PUBLISHED)["file.gz"]
    assert path == cache / "set" / "file.gz" and path.read_bytes() == CONTENT
    assert not mirrors  # both were asked
    assert locate(PUBLISHED, download=False) == {"file.gz": path}  # and neither again


def test_mirror_with_other_bytes_is_not_believed(environment: Path, cache: Path, mirrors: dict) -> None:
    mirrors |= {FIRST + "file.gz": b"<html>Please log in</html>", SECOND + "file.gz": requests.Timeout()}
    with pytest.raises(DataNotFoundError, match=r"first\.example served other bytes.*second\.example failed"):
        locate(PUBLISHED)
    assert not list(cache.rglob("*.gz"))


def test_without_download_the_network_is_not_touched(environment: Path, cache: Path, mirrors: dict) -> None:
    with pytest.raises(DataNotFoundError, match="downloading is off"):
        locate(PUBLISHED, download=False)


def test_nothing_found_says_what_was_tried_and_what_helps(environment: Path, cache: Path, mirrors: dict) -> None:
    mirrors |= {FIRST + "file.gz": requests.ConnectionError(), SECOND + "file.gz": requests.HTTPError()}
    with pytest.raises(DataNotFoundError) as caught:
        locate(PUBLISHED)
    assert str(caught.value) == (
        f"file.gz was not found: GENJAX_LAB_DATA has no {environment}/set/file.gz; "
        f"the cache has no {cache}/set/file.gz; "
        "first.example failed (ConnectionError); second.example failed (HTTPError)\n"
        "Any one of these helps:\n"
        "  1. set GENJAX_LAB_DATA to a folder that holds set/ with file.gz\n"
        f"  2. put these files into {cache}/set\n"
        "  3. let them be downloaded (download=True) from first.example or second.example"
    )
    assert "\n" not in caught.value.reason and "helps" not in caught.value.reason


def test_no_mirror_is_said(environment: Path, cache: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no mirror is known"):
        locate(Published("set", PUBLISHED.files))


def test_cache_that_cannot_be_made_is_said(environment: Path, cache: Path) -> None:
    cache.write_text("a file, not a folder")
    with pytest.raises(DataNotFoundError, match="the cache cannot be made"):
        locate(PUBLISHED)


@pytest.mark.parametrize("place", ["environment", "cache"])
def test_another_file_is_refused_by_name(request: pytest.FixtureRequest, place: str) -> None:
    roots = {name: request.getfixturevalue(name) for name in ("environment", "cache")}
    path = put(roots[place], CONTENT[:-1])
    actual = hashlib.sha256(CONTENT[:-1]).hexdigest()
    with pytest.raises(ChecksumError, match=f"{re.escape(str(path))}.*{actual}, not {PUBLISHED.files['file.gz']}"):
        locate(PUBLISHED)


def test_pooch_is_needed_only_outside_the_environment(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def without_pooch(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pooch":
            raise ImportError("No module named 'pooch'")
        return import_(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pooch)
    with pytest.raises(ImportError, match=r"genjax_lab\[experiments\].*pip install pooch"):
        locate(PUBLISHED)
    path = put(environment, CONTENT)
    assert locate(PUBLISHED) == {"file.gz": path}
