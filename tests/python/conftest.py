"""What the tests of the Python package share."""

import os
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

# Pages whose Python needs the packages of `engines/`.
ENGINES = ["docs/src/ray.md"]

NUMBERS = """
version: 1
seed: 7
tables:
  t:
    rows: 100_000
    columns:
      id: { sequence: { start: 0 } }
      word: { choice: [alpha, beta, gamma] }
      price: { type: "decimal(10,2)", uniform: { min: 0.01, max: 99.99 } }
      at: { type: timestamp(us), event_time: { start: 2026-01-01T00:00:00Z, rate: 10/s } }
      bad: { expr: "1 / (70000 - id)" }
"""

GOOD = ["id", "word", "price", "at"]


@pytest.fixture
def threads():
    """How many threads this process has."""
    return lambda: len(os.listdir("/proc/self/task"))


@pytest.fixture(scope="session")
def spark():
    """The one Spark of all tests: two tasks at a time, each tried up to three times; starting it takes some seconds."""
    from pyspark.sql import SparkSession

    # Executors run the Python of PATH otherwise, which has no rowgen.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
    }
    session = SparkSession.builder.master("local[2,3]").appName("rowgen tests").config(map=settings).getOrCreate()
    yield session
    session.stop()
