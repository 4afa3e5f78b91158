"""The users' CSV, byte for byte what its old reader takes, and read by everybody."""

import pyarrow as pa
import pytest
from readers import read, readers_of
from schemas import USERS

ROWS = 1_000_000


@pytest.fixture(scope="module")
def csv(run):
    return run("users_csv").find("users_million.csv")


def test_bytes(csv):
    rows = "".join(f"{i}|user{i}|user{i}@example.com\n" for i in range(1, ROWS + 1))
    assert csv.read_bytes() == f"id|nome_utente|email\n{rows}".encode()


@pytest.mark.parametrize("reader", readers_of(".csv"))
def test_readers_agree(csv, reader):
    names = [f"user{i}" for i in range(1, ROWS + 1)]
    columns = [range(1, ROWS + 1), names, [f"{name}@example.com" for name in names]]
    assert read(reader, csv, USERS, delimiter="|").equals(pa.table([pa.array(c) for c in columns], schema=USERS))
