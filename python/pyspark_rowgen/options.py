"""What the options of a reader say: those of `rowgen.read`, and how Spark shares the rows out."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from rowgen import PipelineError
from rowgen._ranges import NO_END, plan, whole


@dataclass(frozen=True)
class Options:
    """What is said: which rows, and how they are shared out."""

    recipe: dict
    start: int = 0
    stop: int | None = None
    # Spark runs as many tasks as there are cores.
    threads: int = 1
    batch_rows: int | None = None
    partitions: int | None = None
    rows_per_partition: int = 1_000_000
    rows_per_second: float | None = None
    rows_per_batch: int | None = None

    def plan(self):
        """The table, and the rows of it that are wanted."""
        stop = NO_END if self.stop is None else self.stop
        return plan(**self.recipe, start=self.start, stop=stop, threads=self.threads, batch_rows=self.batch_rows)


def wrong(text, hint=None):
    """A mistake, told as rowgen tells its own."""
    return PipelineError(text if hint is None else f"{text}\n  hint: {hint}")


def rate(name, text):
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise wrong(f"`{name}`: expected a number greater than 0, found `{text}`")
    return number


def as_json(name, text, kind, example):
    try:
        value = json.loads(text)
    except ValueError as error:
        raise wrong(f"`{name}`: {error}", f"such as {example}") from None
    if not isinstance(value, kind):
        raise wrong(f"`{name}`: expected JSON such as {example}, found `{text}`")
    return value


def names(name, text):
    """Names with commas between them; as JSON where one has a comma in it."""
    if text.lstrip().startswith("["):
        found = as_json(name, text, list, '["id", "a, b"]')
    else:
        found = [part.strip() for part in text.split(",")]
    # Spark takes no rows without columns.
    if not found or "" in found:
        raise wrong(f"`{name}`: expected names with commas between them, found `{text}`")
    return found


def plain(_, text):
    return text


RECIPE = {"table": plain, "columns": names, "seed": plain, "run_date": plain, "now": plain}
ROW = partial(whole, least=0)
SHARES = {
    "start": ROW,
    "stop": ROW,
    "threads": whole,
    "batch_rows": whole,
    "partitions": whole,
    "rows_per_partition": whole,
    "rows_per_second": rate,
    "rows_per_batch": whole,
}
PARAM = "param."


def options_of(given):
    """The options as Spark has them: their names are in small letters.

    What only the pipeline knows (its tables, its params, what a date is) is checked when it is planned.
    """
    given = dict(given)
    recipe = {"pipeline": pipeline(given), "params": params(given)}
    for name in given:
        if name not in RECIPE and name not in SHARES:
            near = get_close_matches(name, ["pipeline", "params", *RECIPE, *SHARES], 1)
            raise wrong(f"there is no option `{name}`", f"did you mean `{near[0]}`?" if near else None)
    recipe |= {name: read(name, given[name]) for name, read in RECIPE.items() if name in given}
    return Options(recipe, **{name: read(name, given[name]) for name, read in SHARES.items() if name in given})


def pipeline(given):
    """Takes the pipeline from the options; `load("orders.yaml")` tells it as `path`, and a list as `paths`."""
    several = "paths" in given
    found = [given.pop(name) for name in ("pipeline", "path", "paths") if name in given]
    if several or len(found) != 1:
        text = "more than one pipeline is given" if found else "the option `pipeline` is missing"
        raise wrong(text, "it is the path of a pipeline file, or its text")
    return found[0]


def params(given):
    """Takes the params from the options: those of a JSON object, and one by one."""
    found = as_json("params", given.pop("params", "{}"), dict, '{"rows": 1000}')
    return found | {name[len(PARAM) :]: given.pop(name) for name in list(given) if name.startswith(PARAM)}
