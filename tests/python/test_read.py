"""`rowgen.read` and `rowgen.scan`: the same rows for every library, in any parts."""

import datetime
import decimal
import doctest
import subprocess
import sys

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
import rowgen
from conftest import GOOD, NUMBERS, TOP

CASINO = TOP / "pipelines/casino.yaml"
DAY = {"run_date": "2026-01-15"}


def test_the_documentation_of_the_package_is_true():
    assert doctest.testmod(rowgen).failed == 0


def test_rows_are_those_of_a_run(tmp_path):
    params = {"rows": 20_000}
    report = rowgen.run(CASINO, out=tmp_path, params=params, sinks=["parquet"], **DAY)
    files = sorted(tmp_path.rglob("*.parquet"))
    assert sum(sink["rows"] for sink in report["sinks"]) == 20_000
    written = pyarrow.concat_tables(pyarrow.parquet.read_table(file) for file in files)
    read = pyarrow.table(rowgen.read(CASINO, params=params, dictionaries=False, **DAY))
    names = written.column_names
    assert set(names) <= set(read.column_names)
    for name in names:
        assert read[name].cast(written[name].type).to_pylist() == written[name].to_pylist(), name


def test_every_library_reads_the_same_rows():
    table = rowgen.read(NUMBERS, columns=GOOD, dictionaries=False)
    arrow = pyarrow.table(table)
    assert arrow.num_rows == len(table) == 100_000
    assert arrow.column_names == table.column_names == GOOD
    assert polars.DataFrame(table).rows() == list(zip(*arrow.to_pydict().values()))
    assert pandas.DataFrame(arrow.to_pandas())["id"].sum() == 4_999_950_000
    rows = table
    count, total, last = duckdb.sql('select count(*), sum(price), max("at") from rows').fetchall()[0]
    assert count == 100_000
    assert total == sum(arrow["price"].to_pylist())
    assert last == arrow["at"].to_pylist()[-1]


def test_text_of_few_values_is_a_dictionary_unless_it_is_unwanted():
    read = lambda wanted: pyarrow.table(rowgen.read(NUMBERS, columns=["word"], dictionaries=wanted))
    coded, plain = read(True), read(False)
    assert pyarrow.types.is_dictionary(coded["word"].type)
    assert pyarrow.types.is_string(plain["word"].type)
    assert coded["word"].to_pylist() == plain["word"].to_pylist()


def test_text_comes_as_views_where_they_are_wanted():
    read = lambda views, wanted: pyarrow.table(
        rowgen.read(NUMBERS, columns=["word"], dictionaries=wanted, views=views)
    )
    views = read(True, False)
    assert pyarrow.types.is_string_view(views["word"].type)
    assert views["word"].to_pylist() == read(False, False)["word"].to_pylist()
    assert read(True, True).equals(read(False, True))


def test_any_part_is_what_the_whole_has_there():
    whole = pyarrow.table(rowgen.read(NUMBERS, columns=["at", "id"]))
    for threads, batch_rows in [(1, None), (2, 100), (8, 1_000)]:
        read = rowgen.read(NUMBERS, None, ["at", "id"], threads=threads, batch_rows=batch_rows)
        assert pyarrow.table(read).equals(whole)
    part = rowgen.read(NUMBERS, "t", ["at", "id"], 777, 4_242)
    assert pyarrow.table(part).equals(whole.slice(777, 4_242 - 777))
    assert pyarrow.table(part.slice(99_990, 200_000)).equals(whole.slice(99_990))
    assert len(part.slice(200_000)) == 0
    # It can be read again, and while it is read.
    assert pyarrow.table(part).equals(pyarrow.table(part))


def test_a_slice_counts_from_the_first_row_of_the_table():
    part = rowgen.read(NUMBERS, columns=["id"], start=100, stop=200)
    ids = lambda table: pyarrow.table(table)["id"].to_pylist()
    assert ids(part.slice()) == list(range(100, 200))
    assert ids(part.slice(150)) == list(range(150, 200))
    assert ids(part.slice(stop=110)) == list(range(100, 110))
    assert ids(part.slice(5, 10).slice(7)) == [7, 8, 9]


def test_rows_without_columns_are_counted():
    assert pyarrow.table(rowgen.read(NUMBERS, columns=[], stop=1000)).num_rows == 1000
    last = rowgen.scan(NUMBERS, stop=1000).with_row_index().select("index").tail(1).collect()
    assert last["index"].to_list() == [999]


def test_a_schema_of_other_types_is_refused():
    large = rowgen.read(NUMBERS.replace("100_000", "5_000_000_000"), columns=["id"], start=2**31 - 1, stop=2**31 + 1)
    whole = pyarrow.schema([("id", pyarrow.int64())])
    assert pyarrow.table(large, schema=whole)["id"].to_pylist() == [2**31 - 1, 2**31]
    for schema in ([("id", pyarrow.int32())], [("other", pyarrow.int64())], [*whole, ("more", pyarrow.int64())]):
        with pytest.raises(rowgen.PipelineError, match="another schema is asked for: .*\n  hint: .*cast"):
            pyarrow.table(large, schema=pyarrow.schema(schema))


def test_batches_come_one_by_one():
    rows = 0
    for batch in rowgen.read(NUMBERS, columns=["id"], batch_rows=10_000):
        assert pyarrow.record_batch(batch)["id"][0].as_py() == rows
        rows += batch.num_rows
    assert rows == 100_000


def test_polars_asks_for_only_what_a_query_needs():
    frame = rowgen.scan(NUMBERS)
    # Row 70 000 of `bad` cannot be made: neither of these needs it.
    assert frame.select("id").collect().height == 100_000
    assert frame.head(50).collect().height == 50
    found = frame.filter(polars.col("id") == 4_321).select("id", "word").collect()
    assert found["id"].to_list() == [4_321]
    assert frame.select(polars.len()).collect().item() == 100_000
    assert frame.collect_schema()["price"] == polars.Decimal(10, 2)
    with pytest.raises(Exception, match="division by zero"):
        frame.collect()


def test_a_lazy_frame_keeps_its_plan(tmp_path, monkeypatch):
    (tmp_path / "d.csv").write_text("id,v\n1,a\n2,b\n")
    (tmp_path / "csv.yaml").write_text("version: 1\ntables: { t: { from: { csv: { path: d.csv } } } }\n")
    file = tmp_path / "t.yaml"
    file.write_text(NUMBERS)
    monkeypatch.chdir(tmp_path)
    made, copied = rowgen.scan("t.yaml").select("price").head(9), rowgen.scan("csv.yaml")
    before = made.collect(), copied.collect()
    monkeypatch.chdir("/")
    file.write_text(NUMBERS.replace("seed: 7", "seed: 8"))
    assert made.collect().equals(before[0])
    assert copied.collect().equals(before[1])
    # What it is read from cannot be kept.
    (tmp_path / "d.csv").write_text("id,v\n1,c\n2,d\n3,e\n")
    with pytest.raises(Exception, match="it has been written since it was opened\n  hint: a file must not change"):
        copied.collect()


def test_a_lazy_frame_of_a_table_without_end_is_asked_for_some_rows():
    endless = NUMBERS.replace("rows: 100_000", "rows: 0").replace("1 / (70000 - id)", "id")
    frame = rowgen.scan(endless, start=5)
    assert frame.select("id").head(3).collect()["id"].to_list() == [5, 6, 7]
    with pytest.raises(Exception, match="the table has no end\n  hint: say `stop`, or ask for some rows with `head`"):
        frame.collect()
    assert rowgen.scan(endless, start=5, stop=9).collect().height == 4


def test_a_parquet_file_that_is_written_again_is_not_read(tmp_path):
    path = tmp_path / "d.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": list(range(100_000))}), path)
    text = f"version: 1\ntables: {{ t: {{ from: {{ parquet: {{ path: {path} }} }} }} }}\n"
    table, begun = rowgen.read(text), iter(rowgen.read(text, threads=1, batch_rows=1_000))
    next(begun)
    path.write_bytes(path.read_bytes()[:1_000] + bytes(2_000))
    told = f"could not read `{path}`\n  caused by: it has been written since it was opened\n  hint: a file must not change while it is read"
    with pytest.raises(rowgen.RunError) as error:
        iter(table)
    assert str(error.value) == told
    with pytest.raises(rowgen.RunError) as error:
        list(begun)
    assert told in str(error.value)


def test_a_pipeline_takes_values_of_python():
    text = """
version: 1
params: { n: 3, flag: false, day: 2026-01-01 }
tables:
  t:
    rows: ${n}
    columns:
      flag: { constant: "${flag}" }
      day: { constant: "${day}" }
      today: { constant: "${run_date}" }
"""
    params = {"n": 2, "flag": True, "day": datetime.date(2026, 3, 4)}
    read = rowgen.read(text, params=params, run_date=datetime.date(2026, 5, 6))
    row = {"flag": "true", "day": "2026-03-04", "today": "2026-05-06"}
    assert [{name: str(value).lower() for name, value in got.items()} for got in pyarrow.table(read).to_pylist()] == [row] * 2


def test_the_moment_of_a_run_can_be_said():
    text = """
version: 1
tables:
  t:
    rows: 2
    columns:
      at: { type: "timestamp(us, UTC)", now: {} }
      day: { constant: "${run_date}" }
"""
    moment = datetime.datetime(2026, 3, 4, 5, 6, 7, 89, datetime.timezone(datetime.timedelta(hours=9)))
    for now in [moment, "2026-03-03T20:06:07.000089Z"]:
        row = pyarrow.table(rowgen.read(text, now=now)).to_pylist()[1]
        assert row["at"] == moment and str(row["day"]) == "2026-03-03"
    frame = rowgen.scan(text)
    assert frame.collect().equals(frame.collect())
    with pytest.raises(rowgen.PipelineError) as told:
        rowgen.read(text, now=datetime.datetime(2026, 3, 4))
    assert str(told.value) == (
        "`now`: expected a moment and its offset from UTC such as 2026-01-31T12:00:00Z, found `2026-03-04 00:00:00`"
    )


def test_a_column_that_polars_has_no_type_for_can_be_left_out(tmp_path):
    wide = pyarrow.array([decimal.Decimal("1.50"), None], pyarrow.decimal256(40, 2))
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2], "wide": wide}), tmp_path / "in.parquet")
    text = f"version: 1\ntables:\n  t: {{ from: {{ parquet: {{ path: {tmp_path}/in.parquet }} }} }}\n"
    with pytest.raises(rowgen.PipelineError) as told:
        rowgen.scan(text)
    assert str(told.value) == (
        "polars does not take column `wide`: precision must be between 1 and 38, got 40\n"
        "  hint: leave it out with `columns`, or let `types` read it as `utf8`"
    )
    assert rowgen.scan(text, columns=["id"]).collect()["id"].to_list() == [1, 2]


def test_a_seed_makes_other_rows_and_another_fingerprint():
    read = lambda seed: rowgen.read(NUMBERS, columns=["price"], seed=seed)
    one, two, same = read(1), read(2), read("1")
    assert not pyarrow.table(one).equals(pyarrow.table(two))
    assert pyarrow.table(one).equals(pyarrow.table(same))
    assert one.fingerprint == same.fingerprint != two.fingerprint


def test_mistakes_are_exceptions_with_the_text_of_the_command():
    with pytest.raises(rowgen.PipelineError) as told:
        rowgen.read(NUMBERS.replace("uniform", "unifrom"))
    assert "unknown generator" in str(told.value) or "unifrom" in str(told.value)
    assert "--> pipeline:10:" in str(told.value) and "^" in str(told.value)
    with pytest.raises(rowgen.PipelineError, match="there is no column `wrod`"):
        rowgen.read(NUMBERS, columns=["wrod"])
    with pytest.raises(rowgen.PipelineError, match="there is no table `x`"):
        rowgen.read(NUMBERS, "x")
    with pytest.raises(rowgen.PipelineError, match="expected a date"):
        rowgen.read(NUMBERS, run_date="yesterday")
    with pytest.raises(rowgen.RowgenError):
        rowgen.read("there/is/no/such.yaml")


def test_a_row_that_cannot_be_made_ends_the_stream():
    with pytest.raises(Exception, match="division by zero"):
        pyarrow.table(rowgen.read(NUMBERS))
    rows = 0
    with pytest.raises(rowgen.RunError, match="division by zero"):
        for batch in rowgen.read(NUMBERS, batch_rows=1_000):
            rows += batch.num_rows
    assert rows == 70_000


def test_the_command_is_the_same_program():
    command = [sys.executable, "-c", "import rowgen; rowgen.main()"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.split()[-1] == rowgen.__version__
    wrong = subprocess.run([*command, "run"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1 and "Usage" in wrong.stderr


def test_a_check_tells_mistakes_and_warnings():
    assert rowgen.check(CASINO, params={"rows": 10}) == []
    with pytest.raises(rowgen.PipelineError, match="no sink"):
        rowgen.check(NUMBERS)
    assert rowgen.schema()["properties"]["tables"]


def test_a_run_that_fails_carries_its_report(tmp_path):
    text = NUMBERS + f"sinks:\n  - file: {{ table: t, path: {tmp_path}/t.csv }}\n"
    with pytest.raises(rowgen.RunError, match="division by zero") as told:
        rowgen.run(text)
    assert told.value.report["outcome"]
    # As after the command: nothing has its name.
    assert not (tmp_path / "t.csv").exists()
