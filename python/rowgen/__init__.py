"""Rows of rowgen pipelines as Arrow streams, and runs of pipelines.

>>> import pyarrow, rowgen
>>> text = '''
... version: 1
... tables:
...   numbers:
...     rows: 5
...     columns:
...       n: { sequence: { start: 0 } }
...       square: { expr: "n * n" }
... '''
>>> pyarrow.table(rowgen.read(text)).to_pydict()
{'n': [0, 1, 2, 3, 4], 'square': [0, 1, 4, 9, 16]}
>>> rowgen.read(text, columns=["square"], start=3)
<rowgen.Table: 2 rows of square>

A value is a function of its row number: ranges of a table, its columns and the number of threads
change no value, so that many processes can each read a part.
"""

import sys

from ._rowgen import (
    PipelineError,
    RowgenError,
    RunError,
    Table,
    __version__,
    check,
    read,
    run,
    schema,
)
from ._rowgen import main as _main
from ._polars import scan

__all__ = [
    "PipelineError",
    "RowgenError",
    "RunError",
    "Table",
    "__version__",
    "check",
    "main",
    "read",
    "run",
    "scan",
    "schema",
]


def main():
    """The command `rowgen`."""
    sys.exit(_main(sys.argv))
