"""The frame: what it lists, runs, keeps and refuses."""

import errno
import json
import os
import re
from datetime import UTC, datetime

import pytest

from experiments import catalogue, record
from experiments.__main__ import main
from experiments.result import Figure, Result, Section, Table, cell_text

FILES = {"config.json", "env.json", "metrics.json", "report.html", "dots.png"}


def _run(out, *flags) -> int:
    return main(["run", "toy", "--out", str(out), *flags])


def _only(folder):
    (path,) = folder.iterdir()
    return path


def test_list_names_every_experiment_with_its_first_line(toy, capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"toy +A toy: the mean of a few numbers\.", line) for line in lines)
    assert any(line.startswith("mnist ") for line in lines)
    assert not any(line.startswith(("result", "record", "report", "benchmarks")) for line in lines)


def test_a_run_leaves_a_complete_folder_and_says_where(toy, tmp_path, capsys):
    assert _run(tmp_path / "out", "--smoke", "--seed", "3") == 0
    folder = _only(tmp_path / "out" / "toy")
    assert {file.name for file in folder.iterdir()} == FILES
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", folder.name)
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == str(folder / "report.html")
    assert "Numbers" in printed and "A note." in printed
    assert json.loads((folder / "config.json").read_text()) == {"rows": 2, "mode": "works", "seed": 3}


def test_the_json_is_strict_and_says_what_was_run(toy, tmp_path):
    assert _run(tmp_path, "--rows", "4") == 0
    folder = _only(tmp_path / "toy")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    metrics = json.loads((folder / "metrics.json").read_text(), parse_constant=refuse)
    assert metrics["worst"]["nats"] == "Infinity" and metrics["rows"] == 4 and len(metrics["all"]) == 4
    about = json.loads((folder / "env.json").read_text(), parse_constant=refuse)
    assert about["command"] == "python -m experiments run toy --rows 4"
    assert set(about["versions"]) == {"python", *record.PACKAGES} > {"scikit-learn", "scipy"}
    assert about["device"]["count"] >= 1 and about["device"]["kind"]
    assert about["git"] is None or set(about["git"]) == {"commit", "dirty"}


def test_the_report_is_self_contained_and_escaped(toy, tmp_path):
    assert _run(tmp_path) == 0
    page = (_only(tmp_path / "toy") / "report.html").read_text()
    sources = re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page)
    assert sources and all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert not re.search(r"https?://|@import|url\(|<script", page)
    assert "<title>Toy &lt;numbers&gt;</title>" in page
    assert "<code>a &lt; b</code>" in page and "A mean of <em>few</em> numbers &amp; no more." in page
    assert "x<sub>j</sub><sup>2</sup> &lt; x<sub>jl</sub>" in page
    assert 'alt="Some dots."' in page and 'name="viewport"' in page


def test_the_same_seed_gives_the_same_numbers_and_figures(toy, tmp_path):
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert _run(tmp_path / out, "--seed", seed) == 0
    a, b, c = (_only(tmp_path / out / "toy") for out in "abc")
    assert (a / "metrics.json").read_bytes() == (b / "metrics.json").read_bytes()
    assert (a / "dots.png").read_bytes() == (b / "dots.png").read_bytes()
    assert (a / "metrics.json").read_bytes() != (c / "metrics.json").read_bytes()


@pytest.mark.parametrize("mode", ["breaks", "missing", "broken_figure"])
def test_a_run_that_fails_leaves_nothing(toy, tmp_path, mode):
    try:
        assert _run(tmp_path, "--mode", mode) == 1
    except (ZeroDivisionError, RuntimeError):
        assert mode != "missing"
    assert list((tmp_path / "toy").iterdir()) == []


def test_missing_data_is_one_message_and_no_traceback(toy, tmp_path, capsys):
    assert _run(tmp_path, "--mode", "missing") == 1
    assert capsys.readouterr().err == "error: numbers.csv is not there; download it\n"


def test_a_disk_that_is_full_at_the_end_costs_the_folder_and_not_the_tables(toy, tmp_path, capsys, monkeypatch):
    def full(value):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record, "to_json", full)
    monkeypatch.setattr(record, "run_name", lambda config, when: "run")
    assert _run(tmp_path) == 1
    shown = capsys.readouterr()
    assert "Numbers" in shown.out and "A note." in shown.out
    assert shown.err == f"error: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}\n"
    assert list((tmp_path / "toy").iterdir()) == []


def test_the_checkpoint_of_another_configuration_is_one_message(tmp_path, capsys):
    pytest.importorskip("safetensors")
    words = ["run", "mnist_density", "--model", "mixture", "--dataset", "digits", "--components", "2", "3"]
    words += ["--starts", "1", "--passes", "1", "--checkpoint", str(tmp_path / "kept"), "--out", str(tmp_path / "out")]
    assert main([*words, "--seed", "0"]) == 0
    capsys.readouterr()
    assert main([*words, "--seed", "1"]) == 1
    assert re.match(
        r"error: .*checkpoint\.safetensors is the checkpoint of another run: its .*key", capsys.readouterr().err
    )


def test_a_folder_is_never_overwritten(tmp_path):
    def fill(folder):
        (folder / "file").write_text("new")

    paths = [record.store(tmp_path, "run", fill) for _ in range(3)]
    assert [path.name for path in paths] == ["run", "run-2", "run-3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run-2", "run-3"]


def test_an_output_that_is_a_file_is_one_message(toy, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert _run(tmp_path / "out") == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_an_unknown_experiment_names_the_nearest(toy, capsys):
    assert main(["run", "toys"]) == 2
    assert capsys.readouterr().err == "error: there is no experiment 'toys'. Did you mean toy?\n"


@pytest.mark.parametrize(
    "flags", [["--nonsense", "1"], ["--rows", "many"], ["--mode", "other"]], ids=["name", "type", "choice"]
)
def test_a_bad_flag_is_refused_before_anything_is_made(toy, tmp_path, capsys, flags):
    with pytest.raises(SystemExit) as stop:
        _run(tmp_path / "out", *flags)
    assert stop.value.code == 2
    assert flags[0].lstrip("-") in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "--help"], ["dance"]])
def test_usage(arguments, capsys):
    assert main(arguments) == 2
    assert "python -m experiments run NAME" in capsys.readouterr().err


def test_help_shows_the_flags(toy, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "toy", "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "--rows" in shown and "--smoke" in shown and "--out" in shown and "numbers to draw" in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("frozen=True", "frozen=False"), "frozen dataclass"),
        (("    seed: int = 0\n", ""), "`seed`"),
        (("SMOKE = Config(rows=2)", ""), "SMOKE"),
        (("def run(config: Config)", "def run(config: Config, more: int = 0)"), "`config` and nothing else"),
    ],
)
def test_an_experiment_that_breaks_the_contract_is_refused(toy, change, message):
    source = toy / "toy.py"
    source.write_text(source.read_text().replace(*change))
    with pytest.raises(TypeError, match=message):
        catalogue.load("toy")


def test_the_name_of_a_run_tells_time_and_configuration(toy):
    module, when = catalogue.load("toy"), datetime(2026, 11, 23, 6, 15, tzinfo=UTC)
    one, other = record.run_name(module.Config(), when), record.run_name(module.Config(seed=1), when)
    assert one.startswith("20261123-061500-") and one != other
    assert one == record.run_name(module.Config(), when)


def test_outside_a_repository_there_is_no_commit(tmp_path):
    assert record.git_state(tmp_path) is None


def test_cells():
    shown = [cell_text(cell) for cell in (50_000, 0.84321, 170.81, float("nan"), None, "α = 1")]
    assert shown == ["50,000", "0.8432", "170.8", "nan", "–", "α = 1"]


def test_a_result_is_checked_when_it_is_made():
    with pytest.raises(ValueError, match="row 1 has 1 cells, not 2"):
        Table("T", ("a", "b"), [(1, 2), (1,)])
    with pytest.raises(ValueError, match="file name"):
        Figure("a/b", "", lambda: None)
    twice = Section("S", [Figure("a", "", lambda: None)] * 2)
    with pytest.raises(ValueError, match="more than one figure is called a"):
        Result("R", "", {}, [twice])


def test_the_index_links_every_report_newest_first(toy, tmp_path, capsys):
    for seed in ("1", "2"):
        assert _run(tmp_path, "--seed", seed) == 0
    (tmp_path / "toy" / "somebody's folder").mkdir()
    assert main(["report", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all((tmp_path / link).is_file() for link in links)
    assert len({link for link in links if link.endswith("report.html")}) == 2
    assert "Toy &lt;numbers&gt;" in page and "A mean of <em>few</em> numbers &amp; no more." in page
    assert not re.search(r"https?://|@import|url\(|<script", page)
    newest = max(runs.name for runs in (tmp_path / "toy").glob("2*"))
    assert links[0] == f"toy/{newest}/report.html"
    assert [path.name for path in tmp_path.glob(".index-*")] == []


def test_an_index_over_nothing_says_how_to_make_a_report(tmp_path, capsys):
    assert main(["report", "--out", str(tmp_path / "none")]) == 1
    assert "holds no report; make one: python -m experiments run" in capsys.readouterr().err
