"""What every test shares: no network, no unseeded property search, no display."""

from __future__ import annotations

import socket

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")
settings.register_profile("personakit", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("personakit")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing leaves the machine: any attempt to connect or to look up a name fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"personakit tried to reach the network: {args!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
