"""Rows that travel: what other processes need to make a part of a table, and that they make the same.

An engine (Spark, Ray, Dask) plans on one machine and reads on others, now or, after a lost worker,
later. A `Recipe` is what `rowgen.read` was told, so that any of them can tell it again.
"""

from dataclasses import dataclass, replace
from operator import index

from ._rowgen import PipelineError, __version__, read

# Behind the last row that any table can have: what is planned of one that has no end.
NO_END = 2**63 - 1


@dataclass(frozen=True)
class Recipe:
    """What `rowgen.read` was told (`Table._told`), and what must come of it. It can be pickled and hashed."""

    pipeline: str
    table: str | None
    columns: tuple | None
    params: tuple
    seed: str | None
    run_date: str | None
    now: str
    dictionaries: bool
    views: bool
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
        table = read(
            self.pipeline,
            self.table,
            self.columns,
            start,
            stop,
            params=dict(self.params),
            seed=self.seed,
            run_date=self.run_date,
            now=self.now,
            threads=threads,
            batch_rows=batch_rows,
            dictionaries=self.dictionaries,
            views=self.views,
        )
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
        """These rows in parts, each of `most` rows but the last one; one part without rows where there are none."""
        firsts = range(self.start, max(self.stop, self.start + 1), max(most, 1))
        return [replace(self, start=first, stop=min(first + firsts.step, self.stop)) for first in firsts]

    def bytes_each(self, sampled=4096):
        """What a row takes in memory, from the first rows."""
        import pyarrow

        few = pyarrow.table(self.recipe.read(self.start, min(self.start + sampled, self.stop)))
        return few.nbytes / max(few.num_rows, 1)

    def read(self, *, threads=1, batch_rows=None):
        """These rows as a `rowgen.Table`."""
        return self.recipe.read(self.start, self.stop, threads=threads, batch_rows=batch_rows)


def plan(*arguments, dictionaries=False, **more):
    """What `rowgen.read` would read, and the rows of it that can travel."""
    table = read(*arguments, dictionaries=dictionaries, **more)
    told = table._told
    start = told.pop("start")
    recipe = Recipe(**told, fingerprint=table.fingerprint)
    return table, Rows(recipe, start, start + len(table))


def whole(name, given, least=1):
    """A number that is not smaller than this, as `rowgen.read` checks its own; options of Spark are texts."""
    try:
        number = int(given) if isinstance(given, str) else index(given)
    except (TypeError, ValueError):
        number = None
    if number is None or number < least:
        raise PipelineError(f"`{name}`: expected a whole number from {least} on, found `{given}`")
    return number
