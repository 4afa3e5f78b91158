"""What the tests of the Python package share."""

import os
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
