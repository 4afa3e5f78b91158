"""A folder with a pipeline whose sink is a table of Delta Lake, and runs of it."""

import os
import subprocess

from deltalake import DeltaTable

ROWS = 20_000
COLUMNS = """
      id: sequence
      country: { choice: [IT, FR, DE, "B/C d:é"], nulls: 0.1 }
      at: { type: "timestamp(us, UTC)", event_time: { start: 2026-01-15, rate: 1/s } }
      local: { type: "timestamp(ms)", event_time: { start: 2026-01-15, rate: 10/s } }
      day: { type: date, copy: at }
      amount: { type: "decimal(12,2)", uniform: { min: -5, max: 5000 }, nulls: 0.2 }
      score: { normal: { mean: 0, stddev: 1 } }
      small: { type: int16, uniform: { min: -3, max: 3 } }
      flag: { choice: [true, false], type: boolean }
      tags: { list: { of: { choice: [a, b] }, length: { uniform: { min: 0, max: 3 } } } }
      code: { type: uuid, uuid: {} }
      count: { type: uint64, uniform: { min: 0, max: 9 } }
      time: { type: time, uniform: { min: "00:00:00", max: "23:59:59" } }
"""


class Lake:
    """A folder with a pipeline, and runs of it."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, sink, rows=ROWS, seed=1, columns=COLUMNS):
        text = f"version: 1\nseed: {seed}\ntables:\n  orders:\n    rows: {rows}\n    columns:{columns}sinks:\n  - {sink}\n"
        (self.folder / "p.yaml").write_text(text)

    def start(self, *arguments):
        return subprocess.Popen(
            [os.environ["ROWGEN"], "run", "p.yaml", *(arguments or ["--quiet"])],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments):
        process = self.start(*arguments)
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said
        return said

    def table(self):
        return DeltaTable(self.folder / "t")

    def files(self):
        return sorted(path for path in (self.folder / "t").glob("**/*.parquet") if "_delta_log" not in path.parts)
