"""Prints how many rows the files of a folder have: count.py FORMAT FOLDER.

A process of its own: the peak memory of a measured process is never below that of the one that started it.
"""

import sys
from pathlib import Path

from measure import data_files


def parquet_rows(path):
    from pyarrow.parquet import read_metadata

    return read_metadata(path).num_rows


def avro_rows(path):
    """Blocks say how many rows they have."""
    from fastavro import block_reader

    with open(path, "rb") as file:
        return sum(block.num_records for block in block_reader(file))


def lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def csv_rows(path):
    """All lines but the header."""
    return lines(path) - 1


COUNTS = {"parquet": parquet_rows, "csv": csv_rows, "json": lines, "avro": avro_rows}
print(sum(COUNTS[sys.argv[1]](path) for path in data_files(Path(sys.argv[2]))))
