"""The files that install the kit agree with each other and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "duckdb": "python-duckdb"}
#: extras that ``all`` leaves out: a cluster's engine, and what builds the site
APART = {"spark", "docs"}


def requirements() -> set[str]:
    """Return every requirement of the project, its extras and its build, in conda-forge's names."""
    own = PROJECT["name"]
    wanted = list(PROJECT["dependencies"]) + (ROOT / "requirements.build").read_text(encoding="utf-8").split()
    for name, extra in PROJECT["optional-dependencies"].items():
        if name in APART:
            continue
        wanted += [one for one in extra if not one.startswith(own)]
    split = [re.match(r"([A-Za-z0-9_.-]+)(.*)", one).groups() for one in wanted]
    return {CONDA_NAMES.get(name, name) + version for name, version in split}


def test_environment_yml_holds_what_pyproject_holds():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = {line.strip()[2:] for line in lines if line.startswith("  - ")} - {"conda-forge", "pip"}
    assert listed == requirements() | {"python" + PROJECT["requires-python"]}


def test_all_means_all_extras_but_those_set_apart():
    extras = PROJECT["optional-dependencies"]
    assert extras["all"] == [f"{PROJECT['name']}[{','.join(name for name in extras if name not in {'all', *APART})}]"]


def test_the_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", lock)
    pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, flags=re.M)
    assert len(pins) > 50
    assert lock.count("--hash=sha256:") >= len(pins)
    wanted = {re.match(r"[A-Za-z0-9_.-]+", one).group().lower() for one in requirements()} - set(CONDA_NAMES.values())
    assert wanted <= set(pins)


def test_the_version_is_told_once():
    import personakit

    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.M).group(1)
    assert cited == personakit.__version__
