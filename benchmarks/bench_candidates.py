"""Time the search for personas beside its peers, in one run: ``python benchmarks/bench_candidates.py [part ...]``.

Parts: ``coded`` and ``numeric`` (stability: pairs of bootstrap samples, both fits assign everyone, adjusted Rand; against
scikit-learn with joblib, and on the coded table R's fpc), ``classes`` (latent classes with 10 starts; against stepmix, and
on the coded table R's flexmix), ``features`` (``build_features``) and ``search`` (the whole of ``find_candidates`` with its
defaults). Writes ``candidates.csv`` beside it; rows of parts that were not named stay as they are. A row: seconds of
processor time and of the clock (on a shared machine compare the former, and only within one run), most memory in GB, how
many times the peer took, and what came out (fpc: the least mean Jaccard of a persona, over as many samples).

Peers that are not here are said and left out. stepmix: install it in a folder of its own and name that folder in
PERSONAKIT_PEERS. R: Debian's r-cran-fpc and r-cran-flexmix, Rscript on the path. flexclust and poLCA are not in Debian;
figures quoted for such a machine (not measured by this script): flexclust 15 s on the coded table, poLCA 65 s.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "candidates"))

import planted_tables as planted  # noqa: E402

from personakit.candidates import find_candidates  # noqa: E402
from personakit.candidates.design import make_design  # noqa: E402
from personakit.candidates.kmeans import resampled_labels  # noqa: E402
from personakit.candidates.latent_class import best_classes  # noqa: E402
from personakit.features import build_features  # noqa: E402
from personakit.inference import adjusted_rand, one_thread  # noqa: E402
from personakit.records import Study  # noqa: E402

SURVEY = ROOT.parent / "shared" / "data" / "surveys" / "mcdonalds" / "mcdonalds.csv"
KS, PAIRS, STARTS, CLASS_STARTS = range(2, 9), 100, 3, 10


def coded_table() -> pd.DataFrame:
    """1,453 people x 11 yes/no answers: the fast food survey where it lies beside the package, else one of its kind."""
    if SURVEY.exists():
        return (pd.read_csv(SURVEY).iloc[:, :11] == "Yes").astype(float)
    return planted.interview_codes(1, people=1453, codes=11)[0]


def numeric_table(people: int = 20_000, features: int = 30) -> pd.DataFrame:
    """Four personas that overlap, some people between two, a common activity."""
    return planted.habits_groups(1, people, features)[0]


def timed(part: str, table: pd.DataFrame, tool: str, work: Callable[..., object], *given: object) -> dict[str, object]:
    """Run in a process of its own, and say how long it took, what it started included, and its most memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        spent, clock, memory, found = pool.submit(_measured, work, table, *given).result()
    row = {"part": part, "rows": len(table), "columns": table.shape[1], "tool": tool, "seconds": round(spent, 2),
           "clock_seconds": round(clock, 2), "most_gb": round(memory, 2), "times": "", "found": found}
    print(row, flush=True)
    return row


def _measured(work: Callable[..., object], *given: object) -> tuple[float, float, float, object]:
    clock, spent = time.perf_counter(), _spent()
    found = work(*given)
    return _spent() - spent, time.perf_counter() - clock, max(one.ru_maxrss for one in _used()) / 1e6, found


def _spent() -> float:
    return sum(one.ru_utime + one.ru_stime for one in _used())


def _used() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def ours(table: pd.DataFrame, pairs: int) -> list[float]:
    """Median stability for each k."""
    with one_thread():
        design = make_design(table)
        people = len(table)
        weights = np.random.default_rng(1).multinomial(people, design.weights / people, size=2 * pairs).astype(float)
        found = []
        for k in KS:
            labels = resampled_labels(design, k, weights, k)
            both = zip(labels[::2], labels[1::2], strict=True)
            found.append(round(float(np.median([adjusted_rand(a, b, design.weights) for a, b in both])), 3))
        return found


def _peer_pair(values: np.ndarray, k: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    samples = [values[rng.integers(0, len(values), len(values))] for _ in range(2)]
    first, second = (KMeans(k, n_init=STARTS, random_state=seed).fit(one).predict(values) for one in samples)
    return float(adjusted_rand_score(first, second))


def peer(table: pd.DataFrame, pairs: int) -> list[float]:
    """Compute the same with scikit-learn on two processes, each on one thread (as joblib does)."""
    values = table.to_numpy()
    with Parallel(n_jobs=2) as pool:
        found = [float(np.median(pool(delayed(_peer_pair)(values, k, seed) for seed in range(pairs)))) for k in KS]
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown()  # their processor time is counted once they have ended
    return [round(one, 3) for one in found]


def in_r(table: pd.DataFrame, package: str, number: int, starts: int, ks: Iterable[int]) -> list[float]:
    """Compute with an R package what ``peers_candidates.R`` says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        script = Path(__file__).with_name("peers_candidates.R")
        command = ["Rscript", *map(str, (script, package, path, number, starts, *ks))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [round(float(line), 3) for line in done.stdout.split()]


def has_r(package: str) -> bool:
    """Tell whether an R package can be run here, and say so where not."""
    asked = ["Rscript", "-e", f"quit(status = !requireNamespace('{package}', quietly = TRUE))"]
    here = shutil.which("Rscript") is not None and not subprocess.run(asked, check=False, capture_output=True).returncode
    if not here:
        print(f"R's {package} is not here (Debian: r-cran-{package}): not compared.", flush=True)
    return here


def has_stepmix() -> bool:
    """Tell whether stepmix can be run here, and say so where not."""
    here = "PERSONAKIT_PEERS" in os.environ
    if not here:
        print("PERSONAKIT_PEERS names no folder with stepmix: not compared.", flush=True)
    return here


def beside(ours_row: dict[str, object], *peers: dict[str, object]) -> list[dict[str, object]]:
    """Say how many times as long each peer took."""
    return [ours_row, *({**peer, "times": round(float(peer["seconds"]) / float(ours_row["seconds"]), 1)} for peer in peers)]


def coded() -> list[dict[str, object]]:
    """Compare stability on answers, R included."""
    table = coded_table()
    rows = stability("coded", table)
    if has_r("fpc"):
        rows = beside(rows[0], *rows[1:], timed("coded", table, "R fpc", in_r, "fpc", 2 * PAIRS, STARTS, KS))
    return rows


def stability(part: str, table: pd.DataFrame) -> list[dict[str, object]]:
    """Compare medians and times, k = 2 to 8."""
    return beside(timed(part, table, "personakit", ours, PAIRS), timed(part, table, "scikit-learn + joblib", peer, PAIRS))


def our_classes(table: pd.DataFrame, ks: Iterable[int]) -> list[float]:
    """Log-likelihoods of the best classes."""
    with one_thread():
        return [round(float(best_classes(make_design(table), k, 1)[1][0]), 2) for k in ks]


def stepmix_classes(table: pd.DataFrame, ks: Iterable[int]) -> list[float]:
    """Compute the same with stepmix, 10 starts, to the same precision."""
    sys.path.append(os.environ["PERSONAKIT_PEERS"])
    from stepmix.stepmix import StepMix

    fits = [StepMix(k, measurement="binary", n_init=CLASS_STARTS, max_iter=3000, abs_tol=1e-7, rel_tol=1e-10,
                    random_state=1, progress_bar=0, verbose=0).fit(table) for k in ks]
    return [round(float(fit.score(table)) * len(table), 2) for fit in fits]


def classes() -> list[dict[str, object]]:
    """Compare log-likelihoods and times: where rows repeat, and where nearly none does."""
    rows = []
    for table, ks in ((coded_table(), KS), (planted.interview_codes(1, 2000, 30)[0], range(2, 5))):
        one = timed("classes", table, "personakit", our_classes, list(ks))
        peers = [timed("classes", table, "stepmix", stepmix_classes, list(ks))] if has_stepmix() else []
        if ks is KS and has_r("flexmix"):
            peers.append(timed("classes", table, "R flexmix", in_r, "flexmix", len(table), CLASS_STARTS, KS))
        rows += beside(one, *peers)
    return rows


def featured(table: pd.DataFrame) -> str:
    """Build features of numbers, of which a third are counts, with 2 % gaps, and a nominal one."""
    rng = np.random.default_rng(1)
    table = planted.as_features(table).table.mask(rng.random(table.shape) < 0.02)
    counts = {name: rng.poisson(np.exp(2 * table[name].fillna(0))) for name in list(table)[::3]}
    table = table.assign(**counts, place=rng.choice(["web", "shop", "app"], len(table)))
    made = build_features(Study(name="bench", participants=pd.DataFrame(index=table.index)), table)
    return f"{made.active.shape[1]} active, {len(made.notes)} notes"


def searched(table: pd.DataFrame) -> str:
    """Search with the defaults."""
    found = find_candidates(planted.as_features(table), seed=1, progress=False)
    return f"{found.recommended or 'none'} of {len(found.table)}, {found.verdict}"


def searches() -> list[dict[str, object]]:
    """Time the whole search at the sizes of a workshop, a survey, a log and a large log."""
    return [timed("search", numeric_table(people, features), "personakit", searched)
            for people, features in ((200, 20), (2_000, 30), (200_000, 30), (1_000_000, 30))]


def machine() -> str:
    """Say in words what this runs on, and whether other work runs beside it."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    shared = ", shared with other work" if os.getloadavg()[1] > os.cpu_count() + 1 else ""
    return f"{os.cpu_count()} cores and {gib:.0f} GiB, Python {sys.version_info.major}.{sys.version_info.minor}{shared}"


PARTS = {"coded": coded, "classes": classes, "numeric": lambda: stability("numeric", numeric_table()),
         "features": lambda: [timed("features", numeric_table(people), "personakit", featured)
                              for people in (2_000, 200_000, 1_000_000)],
         "search": searches}

if __name__ == "__main__":
    path, asked = Path(__file__).with_name("candidates.csv"), sys.argv[1:] or list(PARTS)
    done = {part: pd.DataFrame(PARTS[part]()).assign(machine=machine()) for part in asked}
    before = pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame({"part": []})
    parts = [done.get(part, before[before["part"] == part]) for part in PARTS]
    pd.concat([part for part in parts if len(part)]).to_csv(path, index=False, lineterminator="\n")
