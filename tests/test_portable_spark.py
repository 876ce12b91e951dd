"""The same contract on a real local PySpark session: ``make test-spark``."""

from __future__ import annotations

import socket

import pytest
from portable import EVERY, autumn_study, check_habits, check_queries, check_views, random_events

pytestmark = pytest.mark.spark


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Let Python talk to the Java process beside it, and to nothing else."""
    connect = socket.socket.connect

    def only_here(self, address):
        if address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise AssertionError(f"personakit tried to reach the network: {address!r}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture(scope="module")
def spark():
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed; make test-spark does")
    here = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2", "spark.sql.execution.arrow.pyspark.enabled": "true"}
    session = sql.SparkSession.builder.master("local[2]").config(map=here).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def lazy(spark, events, folder):
    events.to_parquet(folder / "events.parquet", index=False)
    return spark.read.parquet(str(folder / "events.parquet")).repartition(3)


def test_every_view_is_the_same_on_spark(spark, tmp_path, monkeypatch):
    events = random_events(3)
    found, _ = check_views(events, lazy(spark, events, tmp_path), monkeypatch)
    assert found.log.engine == "pyspark"


@pytest.mark.parametrize("how", [{"habits": EVERY}, {"until": "2024-10-27", "window_days": 20.1}])
def test_every_habit_is_the_same_on_spark(how, spark, tmp_path, monkeypatch):
    study = autumn_study(3)
    check_habits(study, lazy(spark, study.events, tmp_path), monkeypatch, **how)


def test_the_queries_agree_with_the_encoded_log_on_spark(spark, tmp_path):
    events = random_events(5, rows=300)
    check_queries(events, lazy(spark, events, tmp_path))
