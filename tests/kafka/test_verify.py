"""`rowgen verify` finds the faults of topics that confluent-kafka wrote, all of them and nothing else."""

import json
import os
import subprocess
from bisect import bisect
from collections import defaultdict

import pytest
from faults import KEYS_APART, check, doubled, missing, swapped, told
from rowgen import USERS, user

ROWS = 3_000
PARTITIONS = 20


def changed(rows, at):
    for row in at:
        rows[row]["email"] = "lost@example.com"
    return {"different": {row + 1 for row in at}}


def nulls(rows, at):
    for row in at:
        rows[row]["email"] = None
    return {"different": {row + 1 for row in at}}


def extra(rows, at):
    rows += [user(KEYS_APART + row) for row in at]
    return {"extra": {KEYS_APART + row for row in at}}


def moved(rows, at):
    """They come last instead of in their turn; which ones are out of order then, the partitions decide."""
    late = [rows[row] for row in at]
    for row in reversed(at):
        del rows[row]
    rows += late
    return None


def check_order(moved, messages):
    """Without those that are told the others are in order, and fewer would not do."""
    partitions = defaultdict(list)
    for message in messages:
        partitions[message.partition()].append(int(message.key()))
    fewest = 0
    for keys in partitions.values():
        kept = [key for key in keys if key not in moved]
        assert kept == sorted(kept)
        ends = []
        for key in keys:
            at = bisect(ends, key)
            ends[at : at + 1] = [key]
        fewest += len(keys) - len(ends)
    assert len(moved) == fewest > 0


FAULTS = [changed, nulls, missing, doubled, extra, swapped, moved]


def verified(rowgen, path):
    report = rowgen.folder / "verified.jsonl"
    words = [os.environ["ROWGEN"], "verify", path, "--report", report]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert ended.returncode in (0, 3), ended.stderr
    return ended.returncode, *told(report, "key")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_faults_are_found(broker, rowgen, topic, fault):
    for count in (0, 1, 1000):
        name = topic(PARTITIONS)
        rows = [user(number) for number in range(1, ROWS + 1)]
        wanted = fault(rows, range(1, ROWS - 1, ROWS // count)) if count else {}
        messages = [{"key": str(row["id"]), "value": json.dumps(row, separators=(",", ":"))} for row in rows]
        broker.send(name, messages, partitioner="murmur2_random", **{"enable.idempotence": True})
        sinks = [rowgen.kafka("users", name, name="k", key="id")]
        path = rowgen.write({"users": {"rows": ROWS, "columns": USERS}}, sinks)
        code, found, counts = verified(rowgen, path)
        if wanted is None:
            check_order(found["out of order"], broker.read(name))
            assert (code, counts["equal"]) == (3, ROWS)
            continue
        check(wanted, code, found, counts, ROWS)
