"""Experiments: each composes the library and tells what it found on one page.

    python -m experiments list
    python -m experiments run mnist --smoke

A module of this folder that defines `Config` and `run` is an experiment:

- its docstring says in the first line what it shows, then its command, run time and expected result;
- `Config` is a frozen dataclass with a default for every field, one of them `seed`; its fields are the flags;
- `SMOKE` is a `Config` that runs in seconds;
- `run(config) -> Result` prints nothing and saves nothing.

The library computes, the experiment composes, the frame saves and prints, `genjax_lab.plots` draws. The frame:
`result` (what an experiment returns), `catalogue` (which there are), `frame` (a run), `record` (its folder),
`report` (its page), `terminal` and `__main__`.
"""
