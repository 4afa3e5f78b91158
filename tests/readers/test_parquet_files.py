"""Parquet files beside those of the library, and with a byte that went wrong."""

import os
import subprocess
from pathlib import Path

import chdb
import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest

FOLDER = Path(os.environ["ROWGEN_PAIRS"])
PAIRS = sorted(path.name.split("-")[0] for path in FOLDER.glob("*-ours.parquet"))

READERS = {
    "clickhouse": lambda path: chdb.query(f"SELECT * FROM file('{path}', Parquet) SETTINGS max_threads = 1", "ArrowTable"),
    "duckdb": lambda path: duckdb.connect().sql(f"FROM '{path}'").to_arrow_table(),
    "polars": lambda path: polars.read_parquet(path).to_arrow(),
    "pyarrow": pyarrow.parquet.read_table,
}
# What readers say of files that are right: encodings that they do not know for a type, times beyond a day.
BEYOND_THEM = ("supported", "Invalid TIME value", "VALUE_IS_OUT_OF_RANGE")
LEAST_READ = 0.5

PIPELINE = """
version: 1
tables:
  t:
    rows: 50_000
    columns:
      id: sequence
      text: { pattern: "[a-z]{12}" }
      amount: { normal: { mean: 0, stddev: 1 } }
sinks:
  - file: { table: t, path: t.parquet, format: { parquet: { compression: zstd(1) } } }
"""


def values(reader, path):
    """Every value as the reader has it, in a form that compares; none of a file that is beyond the reader."""
    try:
        table = READERS[reader](str(path))
    except Exception as error:
        assert any(words in str(error) for words in BEYOND_THEM), error
        return None
    return [(name, repr(numbers(column).to_pylist())) for name, column in zip(table.column_names, table.columns)]


def numbers(column):
    """Far years have no place in Python's own times: times are compared as the numbers that hold them."""
    column = column.combine_chunks()
    kinds = {32: pa.int32(), 64: pa.int64()}
    temporal = pa.types.is_temporal(column.type) and not pa.types.is_interval(column.type)
    return column.view(kinds[column.type.bit_width]) if temporal else column


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_tells_our_rows_from_the_library_s(reader):
    both = 0
    for pair in PAIRS:
        ours, theirs = (values(reader, FOLDER / f"{pair}-{name}.parquet") for name in ("ours", "theirs"))
        if ours is not None and theirs is not None:
            assert ours == theirs, f"pair {pair}"
            both += 1
    assert len(PAIRS) > 40 and both >= LEAST_READ * len(PAIRS), f"{both} of {len(PAIRS)} pairs were read"


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corrupt")
    (folder / "p.yaml").write_text(PIPELINE)
    subprocess.run([os.environ["ROWGEN"], "run", "p.yaml", "--quiet"], cwd=folder, check=True)
    return folder / "t.parquet"


@pytest.mark.parametrize("reader", READERS)
def test_a_wrong_byte_is_noticed(reader, compressed):
    READERS[reader](str(compressed))
    group = pyarrow.parquet.read_metadata(compressed).row_group(0)
    for column in range(group.num_columns):
        chunk = group.column(column)
        content = bytearray(compressed.read_bytes())
        content[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 0x10
        path = compressed.with_name(f"wrong{column}.parquet")
        path.write_bytes(content)
        with pytest.raises(Exception):  # noqa: B017, PT011: each reader has its own kinds
            READERS[reader](str(path))
