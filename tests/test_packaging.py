"""The files that install the kit agree with each other and name no index."""

from __future__ import annotations

import re
import subprocess
import sys
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
    assert {one for one in listed if not one.startswith("python=")} == requirements()


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


# ---------------------------------------------------------------- other people's machines
def test_binder_finds_its_python_and_installs_the_kit():
    # Binder reads the Python from a pin (python=X.Y) alone, and starts from one of its own where there is none
    pin = re.search(r"^  - python=(3\.\d+)(?:\s|$)", (ROOT / "environment.yml").read_text(encoding="utf-8"), flags=re.M)
    assert tuple(map(int, pin.group(1).split("."))) >= (3, 11)
    script = ROOT / "postBuild"
    assert script.read_text(encoding="utf-8").startswith("#!")
    assert script.stat().st_mode & 0o100
    assert "pip install --no-deps --no-build-isolation -e ." in script.read_text(encoding="utf-8")
    # files of Binder's own folder would hide these
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()


def test_the_page_on_browsers_names_what_there_is():
    page = (ROOT / "docs" / "howto" / "browser.md").read_text(encoding="utf-8")
    named = re.findall(r"notebooks/[\w/.-]+\.ipynb", page)
    assert len(named) == 3
    assert all((ROOT / one).exists() for one in named)
    assert re.findall(r'"([\w-]+)\[all\]', page) == [PROJECT["name"]]
    version = re.search(r'__version__ = "(.+)"', (ROOT / "personakit" / "__init__.py").read_text(encoding="utf-8")).group(1)
    assert set(re.findall(r"personakit_research-([\d.]+)-py3", page)) == {version}


BARE = """
import sys, threading, warnings
for name in {absent!r}:
    sys.modules[name] = None
threading.Thread.start = None
warnings.simplefilter("ignore")
import matplotlib
matplotlib.use("Agg")
import personakit as pk
study = pk.load_sample("agence")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, methods="kmeans", k=[2, 3], progress=False, seed=7)
pk.plot_candidates(candidates)
pk.multiverse(candidates, "kmeans-3", methods=["kmeans"], seed=7)
personas = pk.choose(candidates, "kmeans-3", by="RK", reason="to see that nothing else is needed")
evidence = pk.gather_evidence(study, features, personas, seed=7)
findings = pk.describe_journeys(pk.trace_journeys(study), personas, seed=7)
print(len(pk.make_cards(personas, evidence, findings, language="en")), pk.make_map(study, findings, language="en").title)
"""


def test_the_path_of_a_browser_needs_no_extra_and_no_thread():
    extras = {re.match(r"[\w-]+", one).group() for name, extra in PROJECT["optional-dependencies"].items()
              if name not in {"all", "docs", "test", "notebooks"} for one in extra} | {"numba"}
    modules = {"python-pptx": "pptx", "umap-learn": "umap", "python-stdnum": "stdnum"}
    absent = sorted(modules.get(one, one) for one in extras)
    assert {"duckdb", "umap", "numba", "pptx", "weasyprint"} <= set(absent)
    done = subprocess.run([sys.executable, "-c", BARE.format(absent=absent)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.startswith("3 ")


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "personakit", "check", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("personakit: ")
