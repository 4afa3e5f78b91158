from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from os import PathLike
from typing import Any, NoReturn, Protocol, final

import polars

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

__version__: str

class RowgenError(Exception): ...
class PipelineError(RowgenError): ...

class RunError(RowgenError):
    report: dict[str, Any]

# An Arrow record batch and an Arrow schema, as other libraries take them.
class _Batch(Protocol):
    @property
    def num_rows(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...
    def __arrow_c_schema__(self) -> object: ...

class _Schema(Protocol):
    def __arrow_c_schema__(self) -> object: ...

@final
class Table:
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def __iter__(self) -> Iterator[_Batch]: ...
    def __len__(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    @property
    def schema(self) -> _Schema: ...
    @property
    def fingerprint(self) -> str: ...
    def slice(self, start: int | None = None, stop: int | None = None) -> Table: ...

def read(
    pipeline: str | PathLike[str],
    table: str | None = None,
    columns: Iterable[str] | None = None,
    start: int = 0,
    stop: int | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    seed: str | int | None = None,
    run_date: str | date | None = None,
    now: str | datetime | None = None,
    threads: int | None = None,
    batch_rows: int | None = None,
    dictionaries: bool = True,
    views: bool = False,
) -> Table: ...
def scan(
    pipeline: str | PathLike[str],
    table: str | None = None,
    *,
    columns: Iterable[str] | None = None,
    start: int = 0,
    stop: int | None = None,
    params: Mapping[str, Any] | None = None,
    seed: str | int | None = None,
    run_date: str | date | None = None,
    now: str | datetime | None = None,
    threads: int | None = None,
) -> polars.LazyFrame: ...
def run(
    pipeline: str | PathLike[str],
    *,
    out: str | PathLike[str] | None = None,
    rows: int | Mapping[str, int] | None = None,
    params: Mapping[str, Any] | None = None,
    seed: str | int | None = None,
    run_date: str | date | None = None,
    slice: str | None = None,
    threads: int | None = None,
    sinks: Iterable[str] | None = None,
    overwrite: bool = False,
    force: bool = False,
) -> dict[str, Any]: ...
def check(
    pipeline: str | PathLike[str],
    *,
    params: Mapping[str, Any] | None = None,
    seed: str | int | None = None,
    run_date: str | date | None = None,
) -> list[str]: ...
def schema() -> dict[str, Any]: ...
def main() -> NoReturn: ...
