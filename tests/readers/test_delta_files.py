"""A table of Delta Lake is not read as files, and the command that is told then makes a file that can be read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet

TABLE = "version: 1\nseed: {seed}\ntables:\n  t: {{ rows: 1000, columns: {{ id: sequence, k: {{ choice: [a, b] }} }} }}\nsinks:\n  - delta: {{ path: t, partition_by: k, mode: overwrite }}\n"
READ = "version: 1\ntables:\n  t: {{ from: {{ parquet: {{ path: {path} }} }} }}\nsinks:\n  - file: {{ path: back.parquet }}\n"


def run(folder, yaml):
    (folder / "p.yaml").write_text(yaml)
    command = [os.environ["ROWGEN"], "run", "p.yaml", "--quiet"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_hint_makes_a_file_of_the_rows_that_the_log_names(tmp_path):
    for seed in (1, 2, 3):
        done = run(tmp_path, TABLE.format(seed=seed))
        assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("t/*/*.parquet"))) >= 6
    for path in ("t", "t/k=a", "'t/**/*.parquet'"):
        refused = run(tmp_path, READ.format(path=path))
        assert refused.returncode == 1, refused.stderr
        assert refused.stderr.startswith("error: `t` is a table of Delta Lake\n"), refused.stderr
    hint = re.search(r"file first: `(python3 .*)`$", refused.stderr, re.MULTILINE)[1]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(hint, shell=True, cwd=tmp_path, check=True, env={**os.environ, "PATH": path}, timeout=120)
    done = run(tmp_path, READ.format(path="rows.parquet"))
    assert done.returncode == 0, done.stderr
    back = pyarrow.parquet.read_table(tmp_path / "back.parquet")
    assert sorted(back["id"].to_pylist()) == list(range(1, 1001))
