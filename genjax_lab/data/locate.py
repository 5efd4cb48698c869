"""Where a published data set's files lie: GENJAX_LAB_DATA, then the user's cache, then a checked download."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urlparse

VARIABLE = "GENJAX_LAB_DATA"
_TIMEOUT = 20  # seconds without a byte before the next mirror is tried


class DataNotFoundError(FileNotFoundError):
    """A data set is in none of the places it may be; `reason` says so in one line, without the advice."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason + advice)
        self.reason = reason


class ChecksumError(ValueError):
    """A file is there, but it is not the published one."""


@dataclass(frozen=True)
class Published:
    """The files of a data set as they were published.

    Attributes:
      folder: its folder, below GENJAX_LAB_DATA and below the cache alike.
      files: file name → SHA-256.
      mirrors: addresses of folders that serve the files; none if no mirror is known.
    """

    folder: str
    files: Mapping[str, str]
    mirrors: tuple[str, ...] = ()


def locate(published: Published, download: bool = True) -> dict[str, Path]:
    """Find every file, and check its SHA-256.

    Args:
      published: the files.
      download: fetch what is missing; if False the network is never touched.

    Returns:
      File name → path.

    Raises:
      DataNotFoundError: a file is nowhere to be had; the message says what was tried and what would help.
      ChecksumError: a file was found, and it is another one.
      ImportError: the cache or a download is needed, and pooch is not installed.
    """
    return {name: _locate_file(published, name, download) for name in published.files}


def cache_folder() -> Path:
    """The user's cache of data sets; it has the layout of GENJAX_LAB_DATA."""
    return Path(_pooch().os_cache("genjax_lab"))


def _locate_file(published: Published, name: str, download: bool) -> Path:
    tried = []
    for place, root in _places(published):
        path = root / published.folder / name if root else None
        if path and path.is_file():
            return _checked(path, published.files[name])
        tried.append(f"{place} is not set" if path is None else f"{place} has no {path}")
    if not download:
        tried.append("downloading is off")
    elif not published.mirrors:
        tried.append("no mirror is known")
    elif path := _download(published, name, tried):
        return path
    raise DataNotFoundError(f"{name} was not found: {'; '.join(tried)}", _advice(published))


def _places(published: Published) -> Iterator[tuple[str, Path | None]]:
    """The local places in their order; lazily, so that pooch is needed only if the first lacks the file."""
    value = os.environ.get(VARIABLE)
    root = Path(value).expanduser() if value else None
    if root and not root.is_dir():
        raise DataNotFoundError(f"{VARIABLE}={value} is not a folder", f"; name one, or unset it{_advice(published)}")
    yield VARIABLE, root
    yield "the cache", cache_folder()


def _checked(path: Path, expected: str) -> Path:
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise ChecksumError(
            f"{path} is not the published file: its SHA-256 is {actual}, not {expected}. "
            "Replace it, or delete it to have it looked for elsewhere."
        )
    return path


def _download(published: Published, name: str, tried: list[str]) -> Path | None:
    """Fetch a file into the cache from the first mirror that serves it; say of the others what went wrong."""
    pooch = _pooch()
    folder = cache_folder() / published.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        tried.append(f"the cache cannot be made ({error})")
        return None
    downloader = pooch.HTTPDownloader(progressbar=_progress_bar(), chunk_size=1 << 16, timeout=_TIMEOUT)
    for mirror in published.mirrors:
        try:
            with _quiet():
                fetched = pooch.retrieve(
                    url=mirror + name,
                    known_hash=f"sha256:{published.files[name]}",
                    fname=name,
                    path=folder,
                    downloader=downloader,
                )
            pooch.get_logger().info("%s downloaded from %s to %s", name, _host(mirror), folder)
            return Path(fetched)
        except OSError as error:
            tried.append(f"{_host(mirror)} failed ({type(error).__name__})")
        except ValueError:  # pooch's word for another SHA-256; it has thrown the bytes away
            tried.append(f"{_host(mirror)} served other bytes than the published ones")
    return None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without pooch's line before each try: a line is written where one succeeds."""
    logger = _pooch().get_logger()
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _progress_bar() -> bool:
    """A bar for a person at a terminal; one line a file is enough for a log."""
    try:
        import tqdm  # noqa: F401
    except ImportError:
        return False
    return sys.stderr.isatty()


def _advice(published: Published) -> str:
    """The things that would help, one a line."""
    names = ", ".join(published.files)
    lines = [
        f"set {VARIABLE} to a folder that holds {published.folder}/ with {names}",
        f"put these files into {cache_folder() / published.folder}",
    ]
    if published.mirrors:
        hosts = " or ".join(_host(mirror) for mirror in published.mirrors)
        lines.append(f"let them be downloaded (download=True) from {hosts}")
    return "\nAny one of these helps:" + "".join(f"\n  {i}. {line}" for i, line in enumerate(lines, 1))


def _host(mirror: str) -> str:
    return urlparse(mirror).netloc


def _pooch() -> ModuleType:
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"data outside {VARIABLE} are found and downloaded with pooch, which the extra "
            "genjax_lab[experiments] brings: pip install pooch"
        ) from error
    return pooch
