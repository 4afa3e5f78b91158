"""Rows that travel: what other processes need to make a part of a table, and that they make the same.

An engine (Spark, Ray, Dask) plans on one machine and reads on others, now or, after a lost worker,
later. A `Recipe` is what `rowgen.read` was told, so that any of them can tell it again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from os import fspath, path

from ._rowgen import PipelineError, __version__, read


@dataclass(frozen=True)
class Recipe:
    """What `rowgen.read` was told, and what must come of it. It can be pickled and hashed."""

    pipeline: str
    table: str | None
    columns: tuple | None
    params: tuple
    seed: str | None
    run_date: str | None
    now: str
    dictionaries: bool
    version: str = __version__
    fingerprint: str | None = None

    def read(self, start, stop, *, threads=1, batch_rows=None):
        """Rows of the table as a `rowgen.Table`.

        Raises PipelineError where this process would make other rows than the one that planned. It plans
        each time: what a pipeline reads may have changed since the last task of this process.
        """
        if self.version != __version__:
            raise PipelineError(
                f"this worker has rowgen {__version__}, and the rows were planned by rowgen {self.version}\n"
                "  hint: install the same version on every worker"
            )
        table = _told(self, start, stop, threads=threads, batch_rows=batch_rows)
        if table.fingerprint != self.fingerprint:
            of = "the pipeline" if "\n" in self.pipeline else self.pipeline
            raise PipelineError(
                f"{of}, or what it reads, is not on this worker what it was where the rows were planned\n"
                "  hint: put its files where all workers see the same, and give values as `params`, not as "
                "variables of the environment"
            )
        return table


@dataclass(frozen=True)
class Rows:
    """Some of the rows of a recipe: what one task makes."""

    recipe: Recipe
    start: int
    stop: int

    def __len__(self):
        return self.stop - self.start

    def of(self, columns):
        """Only these columns of the rows."""
        return replace(self, recipe=replace(self.recipe, columns=tuple(columns)))

    def parts(self, most):
        """These rows in parts, each of `most` rows but the last one."""
        firsts = range(self.start, self.stop, max(most, 1))
        return [replace(self, start=first, stop=min(first + firsts.step, self.stop)) for first in firsts]

    def bytes_each(self, sampled=4096):
        """What a row takes in memory, from the first rows."""
        import pyarrow

        few = pyarrow.table(self.recipe.read(self.start, min(self.start + sampled, self.stop)))
        return few.nbytes / max(few.num_rows, 1)

    def read(self, *, threads=1, batch_rows=None):
        """These rows as a `rowgen.Table`."""
        return self.recipe.read(self.start, self.stop, threads=threads, batch_rows=batch_rows)


def plan(
    pipeline,
    table=None,
    columns=None,
    start=0,
    stop=None,
    *,
    params=None,
    seed=None,
    run_date=None,
    now=None,
    dictionaries=False,
):
    """What `rowgen.read` would read, and the rows of it that can travel."""
    text = fspath(pipeline)
    recipe = Recipe(
        # A worker has another working directory.
        pipeline=text if "\n" in text else path.abspath(text),
        table=table,
        columns=None if columns is None else tuple(columns),
        params=tuple((name, _text(value)) for name, value in (params or {}).items()),
        seed=None if seed is None else _text(seed),
        run_date=None if run_date is None else _text(run_date),
        # A task that is tried again tomorrow makes the rows of today.
        now=_text(now or datetime.now(timezone.utc)),
        dictionaries=dictionaries,
    )
    whole = _told(recipe, start, stop)
    return whole, Rows(replace(recipe, fingerprint=whole.fingerprint), start, start + len(whole))


def _told(recipe, start, stop, **more):
    columns = None if recipe.columns is None else list(recipe.columns)
    return read(
        recipe.pipeline,
        recipe.table,
        columns,
        start,
        stop,
        params=dict(recipe.params),
        seed=recipe.seed,
        run_date=recipe.run_date,
        now=recipe.now,
        dictionaries=recipe.dictionaries,
        **more,
    )


def _text(value):
    """A value as a pipeline writes it, as `rowgen.read` does."""
    return str(value).lower() if isinstance(value, bool) else str(value)
