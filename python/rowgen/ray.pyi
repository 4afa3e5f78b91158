from collections.abc import Iterable, Mapping
from datetime import date, datetime
from os import PathLike
from typing import Any

import ray.data

class RowgenDatasource(ray.data.Datasource):
    def __init__(
        self,
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
        threads: int = 1,
    ) -> None: ...

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
    threads: int = 1,
    **options: Any,
) -> ray.data.Dataset: ...
