"""Files in an order, in folders of what is made of columns: other readers find the order, the same rows, and bounds that hold."""

import polars
import pyarrow.parquet
import pytest
from readers import duckdb_connection

ROWS = 60_000
# Every column that both datasets hold.
COLUMNS = 'event_id, user_id, country, "at", kind, amount, tags'


@pytest.fixture(scope="module")
def lake(run):
    return run("lake", rows=ROWS, size="64KiB")


def files(lake, name):
    return [path for path in lake.files(".parquet") if name in path.relative_to(lake.folder).parts]


def rows(lake, name):
    return f"read_parquet({[str(path) for path in files(lake, name)]}, hive_partitioning = true)"


@pytest.fixture(scope="module")
def db():
    return duckdb_connection()


@pytest.mark.parametrize(
    ("name", "folder", "key"),
    [
        ("events", "strftime(\"at\", '%Y-%m')", '(epoch_us("at"), event_id)'),
        ("by_user", None, '(user_id, -epoch_us("at"), event_id)'),
    ],
)
def test_rows_are_in_order_and_in_their_folders(lake, db, name, folder, key):
    folders = {path.parent for path in files(lake, name)}
    assert len(folders) > 5
    for parent in folders:
        inside = [str(path) for path in sorted(parent.glob("*.parquet"))]
        before = f"SELECT {key} AS key, lag({key}) OVER () AS before FROM read_parquet({inside}, hive_partitioning = false)"
        assert db.execute(f"SELECT count(*) FROM ({before}) WHERE key <= before").fetchone() == (0,)
    if folder:
        wrong = f"SELECT count(*) FROM {rows(lake, name)} WHERE {folder} != at_month"
        assert db.execute(wrong).fetchone() == (0,)


def test_both_orders_have_the_same_rows(lake, db):
    both = [f"SELECT {COLUMNS} FROM {rows(lake, name)}" for name in ("events", "by_user")]
    for one, other in (both, reversed(both)):
        assert db.execute(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})").fetchone() == (0,)
    assert db.execute(f"SELECT count(*), count(DISTINCT event_id) FROM {rows(lake, 'events')}").fetchone() == (ROWS, ROWS)


def test_bounds_of_row_groups_and_the_order_that_is_said_hold(lake):
    for path in files(lake, "events"):
        file = pyarrow.parquet.ParquetFile(path)
        at = file.schema_arrow.get_field_index("at")
        for group in range(file.num_row_groups):
            told = file.metadata.row_group(group)
            values = file.read_row_group(group, ["at"]).column(0)
            assert values.to_pylist() == sorted(values.to_pylist())
            assert [(one.column_index, one.descending) for one in told.sorting_columns] == [(at, False)]
            bounds = told.column(at).statistics
            assert (bounds.min, bounds.max) == (values[0].as_py(), values[-1].as_py())


def test_a_selective_predicate_finds_what_a_full_scan_does(lake, db):
    least, most = db.execute(f"SELECT quantile_cont(epoch_us(\"at\"), [0.4, 0.41]) FROM {rows(lake, 'events')}").fetchone()[0]
    within = f"\"at\" BETWEEN make_timestamptz({int(least)}) AND make_timestamptz({int(most)})"
    expected = db.execute(f"SELECT count(*) FROM {rows(lake, 'events')} WHERE {within}").fetchone()[0]
    assert 0 < expected < ROWS / 20
    frame = polars.scan_parquet(files(lake, "events"), hive_partitioning=False)
    us = polars.col("at").dt.epoch("us")
    assert frame.filter(us.is_between(int(least), int(most))).collect().height == expected
    dataset = pyarrow.parquet.ParquetDataset(
        files(lake, "events")[0].parents[2],
        filters=[("at", ">=", frame_time(least)), ("at", "<=", frame_time(most))],
    )
    assert dataset.read(columns=["event_id"]).num_rows == expected


def frame_time(us):
    return polars.Series([int(us)]).cast(polars.Datetime("us", "UTC"))[0]
