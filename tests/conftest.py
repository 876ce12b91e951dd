"""What every test shares: no network, no unseeded property search, no display."""

from __future__ import annotations

import socket

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")
settings.register_profile("personakit", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("personakit")


#: files of whole runs: they come first, or one core would wait for them at the end
LONG = ("test_run.py", "test_find_candidates.py", "test_realdata_runs.py", "test_docs.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing leaves the machine: any attempt to connect or to look up a name fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"personakit tried to reach the network: {args!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
