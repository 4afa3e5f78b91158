"""What came before a row, as DuckDB's windows see it: clickstream, sensors and employees."""

import pytest
from readers import duckdb_connection

TABLES = {
    "clickstream": (["users", "sessions", "clicks"], {"sessions": 20_000, "users": 2_000}),
    "sensors": (["sites", "devices", "readings"], {"devices": 100, "ticks": 720}),
    "employees": (["employees", "positions"], {"employees": 3_000}),
}


def opened(run, pipeline):
    names, params = TABLES[pipeline]
    output = run(pipeline, **params)
    db = duckdb_connection()
    for name in names:
        # One file, or a folder of some, in the order of their names.
        files = sorted(output.folder.glob(f"**/{name}.parquet")) or sorted(output.folder.glob(f"**/{name}/*.parquet"))
        db.execute(f"CREATE VIEW {name} AS FROM read_parquet({[str(file) for file in files]})")
    return db


@pytest.fixture(scope="module")
def clickstream(run):
    return opened(run, "clickstream")


@pytest.fixture(scope="module")
def sensors(run):
    return opened(run, "sensors")


@pytest.fixture(scope="module")
def employees(run):
    return opened(run, "employees")


def none(db, query):
    """No row of a query; shows a few that there are."""
    assert db.execute(f"{query} LIMIT 3").fetchall() == [], query


def one(db, query):
    return db.execute(query).fetchone()[0]


def test_sessions_and_their_clicks(clickstream):
    db = clickstream
    none(db, "FROM sessions s WHERE clicks <> (SELECT count(*) FROM clicks c WHERE c.session_id = s.session_id)")
    none(db, "FROM sessions WHERE bounced <> (clicks = 1)")
    none(db, "SELECT user_id FROM sessions GROUP BY 1 HAVING count(DISTINCT device) > 1")
    none(db, "SELECT s.session_id FROM sessions s ANTI JOIN users u USING (user_id)")
    assert 0.40 < one(db, "SELECT avg(bounced::INT) FROM sessions") < 0.44
    none(db, "FROM clicks c JOIN sessions s USING (session_id) WHERE number = 1 AND \"at\" <> started_at")


def test_clicks_follow_one_another(clickstream):
    db = clickstream
    window = "(PARTITION BY session_id ORDER BY number)"
    depth = "CASE page WHEN 'product' THEN 1 WHEN 'cart' THEN 2 WHEN 'checkout' THEN 3 WHEN 'paid' THEN 4 ELSE 0 END"
    db.execute(
        f"""CREATE OR REPLACE VIEW walked AS SELECT *, lag(page) OVER {window} AS page_above,
        lag("at") OVER {window} AS above, lead("at") OVER {window} AS below,
        max({depth}) OVER (PARTITION BY session_id ORDER BY number ROWS UNBOUNDED PRECEDING) AS deepest FROM clicks"""
    )
    none(db, "FROM walked WHERE from_page IS DISTINCT FROM page_above OR furthest <> deepest")
    none(db, "FROM walked WHERE \"at\" - above NOT BETWEEN INTERVAL 500 MILLISECOND AND INTERVAL 29 MINUTE")
    none(db, "FROM walked WHERE (seconds * 1000)::BIGINT IS DISTINCT FROM epoch_ms(below) - epoch_ms(\"at\")")
    none(db, "FROM walked WHERE page = 'checkout' AND page_above <> 'cart' OR page = 'paid' AND page_above <> 'checkout'")
    carts = "FROM walked WHERE page_above = 'cart'"
    # Of 20 000 sessions some thousands of carts: the share is 0.4, give or take four deviations.
    count, share = one(db, f"SELECT count(*) {carts}"), one(db, f"SELECT avg((page = 'checkout')::INT) {carts}")
    assert count > 1000
    assert abs(share - 0.4) < 4 * (0.24 / count) ** 0.5


def test_one_reading_a_tick_and_attributes_that_stay(sensors):
    db = sensors
    none(db, "SELECT tick FROM readings GROUP BY 1 HAVING count(*) <> 100 OR count(DISTINCT device_id) <> 100")
    none(db, "FROM readings WHERE \"at\" <> TIMESTAMPTZ '2026-01-01 00:00:00+00' + tick * INTERVAL 1 MINUTE")
    changing = "count(DISTINCT model) > 1 OR count(DISTINCT firmware) > 1"
    none(db, f"SELECT device_id FROM readings GROUP BY 1 HAVING {changing}")
    none(db, "SELECT site FROM devices GROUP BY 1 HAVING count(*) <> 10")
    none(db, "SELECT d.site FROM devices d ANTI JOIN sites s ON s.site_id = d.site")
    assert one(db, "SELECT count(DISTINCT model) FROM readings") == 2
    rows = db.execute("SELECT \"at\", device_id FROM readings").fetchall()
    assert rows == sorted(rows)


def test_readings_drift_and_swing(sensors):
    db = sensors
    window = "(PARTITION BY device_id ORDER BY tick)"
    db.execute(
        f"""CREATE OR REPLACE VIEW walked AS SELECT *, battery - lag(battery) OVER {window} AS step,
        lag(health) OVER {window} AS before FROM readings"""
    )
    none(db, "FROM walked WHERE step NOT BETWEEN -0.02 AND 0 OR (tick = 0 AND battery <> 100)")
    none(db, "FROM walked WHERE before = 'ok' AND health = 'lost' OR before = 'lost' AND health = 'weak'")
    none(db, "FROM walked WHERE tick = 0 AND health <> 'ok'")
    # At 11:50 the day's swing of 4 is at 3.37, at 2:00 at -4; the week's takes a tenth off.
    mean = "SELECT avg(r.temperature - d.level) FROM readings r JOIN devices d USING (device_id) WHERE tick"
    noon, two = one(db, f"{mean} BETWEEN 700 AND 719"), one(db, f"{mean} BETWEEN 110 AND 130")
    assert 6.9 < noon - two < 7.6


def test_positions_have_no_gaps_and_no_overlaps(employees):
    db = employees
    window = "(PARTITION BY employee_id ORDER BY version)"
    db.execute(
        f"""CREATE OR REPLACE VIEW followed AS SELECT *, lead(valid_from) OVER {window} AS below,
        salary - lag(salary) OVER {window} AS more FROM positions"""
    )
    none(db, "FROM followed WHERE valid_to IS DISTINCT FROM below OR valid_to <= valid_from OR is_current <> (below IS NULL)")
    none(db, "FROM followed WHERE valid_to - valid_from NOT BETWEEN 90 AND 900")
    none(db, "FROM followed WHERE raise IS DISTINCT FROM more OR raise < 0 OR salary > 90000")
    none(db, "FROM positions p JOIN employees e USING (employee_id) WHERE version = 1 AND valid_from <> hired_on")
    none(db, "SELECT employee_id FROM positions GROUP BY 1 HAVING count(*) FILTER (is_current) <> 1")
    none(db, "FROM employees e WHERE positions <> (SELECT count(*) FROM positions p WHERE p.employee_id = e.employee_id)")


def test_managers_are_a_tree(employees):
    db = employees
    assert one(db, "SELECT count(*) FROM employees WHERE manager_id IS NULL") == 1
    reached = """WITH RECURSIVE below AS (SELECT employee_id FROM employees WHERE manager_id IS NULL
        UNION ALL SELECT e.employee_id FROM employees e JOIN below b ON e.manager_id = b.employee_id)
        SELECT count(*) FROM below"""
    assert one(db, reached) == 3000
    none(db, "SELECT manager_id FROM employees WHERE manager_id IS NOT NULL GROUP BY 1 HAVING count(*) > 8")
