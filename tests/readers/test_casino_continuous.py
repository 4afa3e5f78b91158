"""The endless casino run, interrupted: whole files, whose rows hold what a counted run's hold."""

import pytest
from casino_checks import ALWAYS
from readers import duckdb_connection
from schemas import CASINO, duckdb_type


@pytest.fixture(scope="module", params=[".parquet", ".csv"])
def db(run_endless, request):
    files = [str(path) for path in run_endless.files(request.param)]
    if not files:
        pytest.fail(f"the run wrote no {request.param} file")
    columns = {f.name: duckdb_type(f.type) for f in CASINO}
    text = f"read_csv({files}, columns = {columns}, header = true)"
    db = duckdb_connection()
    db.execute(f"CREATE TABLE bets AS FROM {f'read_parquet({files})' if request.param == '.parquet' else text}")
    return db


@pytest.mark.parametrize("check", ALWAYS, ids=lambda check: check.__name__)
def test_holds(db, check):
    check(db)


def test_no_partial_file_stays(run_endless):
    assert list(run_endless.folder.glob("**/.*.partial")) == []
