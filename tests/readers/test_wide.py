"""A wide table: columns that `repeat` makes, and the rows that `where` gives to each file."""

import pytest
from readers import duckdb_connection

ROWS, FEATURES, FLAGS = 20_000, 160, 40


@pytest.fixture(scope="module")
def db(run):
    output = run("wide", rows=ROWS)
    db = duckdb_connection()
    for name in ("train", "test"):
        db.execute(f"CREATE VIEW {name} AS FROM '{output.find(f'{name}.parquet')}'")
    db.execute(f"CREATE VIEW head AS FROM read_csv('{output.find('head.csv')}')")
    db.execute("CREATE VIEW samples AS FROM train UNION ALL FROM test")
    return db


def test_every_row_is_in_one_file(db):
    numbers = "count(*), count(DISTINCT sample_id), min(sample_id), max(sample_id)"
    assert db.execute(f"SELECT {numbers} FROM samples").fetchone() == (ROWS, ROWS, 1, ROWS)
    assert db.execute("SELECT min(fold), max(fold) FROM train").fetchone() == (0, 7)
    assert db.execute("SELECT min(fold), max(fold) FROM test").fetchone() == (8, 9)
    shares = [count for (count,) in db.execute("SELECT count(*) FROM samples GROUP BY fold").fetchall()]
    assert len(shares) == 10 and all(abs(count - ROWS / 10) < 300 for count in shares)


def test_columns_are_numbered(db):
    names = [name for (name, *_) in db.execute("DESCRIBE train").fetchall()]
    features = [f"f_{i:03}" for i in range(FEATURES)]
    flags = [name for i in range(1, FLAGS + 1) for name in (f"flag_{i}", f"code_{i}")]
    assert names == ["sample_id", "taken_at", "fold", "score", "label", *features, *flags]


def test_each_column_has_its_own_values(db):
    for i in (0, 1, 57, FEATURES - 1):
        mean, deviation = db.execute(f"SELECT avg(f_{i:03}), stddev(f_{i:03}) FROM samples").fetchone()
        assert abs(mean - i) < 0.05 and abs(deviation - 1) < 0.05
    correlation = db.execute("SELECT corr(f_010, f_011) FROM samples").fetchone()[0]
    assert abs(correlation) < 0.05


@pytest.mark.parametrize("i", [1, 7, FLAGS])
def test_numbers_stand_in_expressions_and_templates(db, i):
    never = f"flag_{i} != ((sample_id * (2 * {i} + 1)) % 7 = {i} % 7) OR code_{i} != 'C{i:02}-' || fold"
    assert db.execute(f"SELECT count(*) FROM samples WHERE {never}").fetchone() == (0,)


def test_the_label_follows_from_features(db):
    score = "0.8 * f_000 - 0.5 * f_001 + 0.1 * f_002 * f_003"
    never = f"abs(score - ({score})) > 1e-9 OR label != (score > 0.25)"
    assert db.execute(f"SELECT count(*) FROM samples WHERE {never}").fetchone() == (0,)


def test_the_head_has_the_rows_of_the_others(db):
    assert db.execute("SELECT count(*), max(sample_id) FROM head").fetchone() == (1000, 1000)
    differ = """SELECT count(*) FROM head JOIN samples USING (sample_id)
        WHERE head.fold != samples.fold OR head.label != samples.label OR abs(head.f_159 - samples.f_159) > 1e-9
            OR head.flag_1 != samples.flag_1 OR head.code_40 != samples.code_40"""
    assert db.execute(differ).fetchone() == (0,)
