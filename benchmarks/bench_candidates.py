"""Time the search for personas beside its peers, in one run: ``python benchmarks/bench_candidates.py [part ...]``.

Parts: ``coded`` and ``numeric`` (stability: pairs of bootstrap samples, both fits assign everyone, adjusted Rand; against
scikit-learn with joblib), ``classes`` (latent classes with 10 starts; against stepmix where it can be imported) and
``search`` (the whole of ``find_candidates``). Seconds are of processor time, and of the clock in brackets: on a shared
machine compare the former, and only within one run. R is not run here; figures quoted for such a machine (not measured by
this script): fpc and flexclust 3.6 s and 15 s on the coded table, 80 s and 321 s on numbers; poLCA 65 s for the classes.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
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
from personakit.candidates.measures import adjusted_rand  # noqa: E402
from personakit.inference import one_thread  # noqa: E402

SURVEY = ROOT.parent / "shared" / "data" / "surveys" / "mcdonalds" / "mcdonalds.csv"
KS, PAIRS, STARTS = range(2, 9), 100, 3


def coded_table() -> pd.DataFrame:
    """1,453 people x 11 yes/no answers: the fast food survey where it lies beside the package, else one of its kind."""
    if SURVEY.exists():
        return (pd.read_csv(SURVEY).iloc[:, :11] == "Yes").astype(float)
    return planted.interview_codes(1, people=1453, codes=11)[0]


def numeric_table(people: int = 20_000, features: int = 30) -> pd.DataFrame:
    """Four personas that overlap, some people between two, a common activity."""
    return planted.habits_groups(1, people, features)[0]


def timed(name: str, work: Callable[[], object]) -> object:
    """Run and say how long it took, processes it started included."""
    clock, spent = time.perf_counter(), _spent()
    found = work()
    print(f"  {name:42s} {_spent() - spent:8.2f} s ({time.perf_counter() - clock:.2f})  {found}", flush=True)
    return found


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


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


def stability(table: pd.DataFrame, pairs: int) -> None:
    """Compare medians and times."""
    print(f"{len(table):,} x {table.shape[1]}, k = 2 to 8, {pairs} pairs, {STARTS} starts or more")
    timed("personakit", lambda: ours(table, pairs))
    timed("scikit-learn + joblib", lambda: peer(table, pairs))


def latent_classes() -> None:
    """Compare log-likelihoods and times."""
    table = coded_table()
    design = make_design(table)
    print(f"latent classes, {len(table):,} x {table.shape[1]}, k = 2 to 8, 10 starts or more")
    with one_thread():
        timed("personakit", lambda: [round(float(best_classes(design, k, 1)[1][0]), 2) for k in KS])
    try:
        from stepmix.stepmix import StepMix
    except ImportError:
        print("  stepmix cannot be imported here: not compared")
        return

    def with_stepmix() -> list[float]:
        fits = [StepMix(k, measurement="binary", n_init=10, max_iter=3000, abs_tol=1e-7, rel_tol=1e-10, random_state=1,
                        progress_bar=0, verbose=0).fit(table) for k in KS]
        return [round(float(fit.score(table)) * len(table), 2) for fit in fits]

    timed("stepmix", with_stepmix)


def searches() -> None:
    """Time the whole search at the sizes of a workshop, a survey, a log and a large log."""
    for people, features in ((200, 20), (2_000, 30), (200_000, 30), (1_000_000, 30)):
        made = planted.as_features(numeric_table(people, features))

        def search(made: object = made) -> str:
            found = find_candidates(made, seed=1, progress=False)  # type: ignore[arg-type]
            return f"{found.recommended or 'none'} of {len(found.table)}"

        timed(f"find_candidates, {people:,} x {features}", search)
        print(f"    most memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB", flush=True)


PARTS = {"coded": lambda: stability(coded_table(), PAIRS), "numeric": lambda: stability(numeric_table(), PAIRS),
         "classes": latent_classes, "search": searches}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
