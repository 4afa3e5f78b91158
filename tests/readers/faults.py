"""Faults that are put into rows, and what `rowgen verify` has to find of them: kinds, and the ids of their rows."""

import json
from collections import defaultdict
from decimal import Decimal

KEYS_APART = 1_000_000


def changed(rows, at):
    for row in at:
        rows[row]["amount"] += Decimal("0.01")
    return {"different": {row + 1 for row in at}}


def nulls(rows, at):
    for row in at:
        rows[row]["share"] = None
    return {"different": {row + 1 for row in at}}


def missing(rows, at):
    for row in reversed(at):
        del rows[row]
    return {"missing": {row + 1 for row in at}}


def doubled(rows, at):
    rows += [dict(rows[row]) for row in at]
    return {"doubled": {row + 1 for row in at}}


def extra(rows, at):
    rows += [rows[row] | {"id": KEYS_APART + row} for row in at]
    return {"extra": {KEYS_APART + row for row in at}}


def swapped(rows, at):
    """Each has the key of the next one."""
    for row in at:
        rows[row]["id"], rows[row + 1]["id"] = rows[row + 1]["id"], rows[row]["id"]
    return {"different": {id for row in at for id in (row + 1, row + 2)}}


def reordered(rows, at):
    """No fault in a file, whose rows may stand in any order."""
    rows.reverse()
    return {}


FAULTS = [changed, nulls, missing, doubled, extra, swapped, reordered]


def told(report, key):
    """The kinds and keys of what a report tells, and its counts."""
    *lines, summary = map(json.loads, report.read_text().splitlines())
    found = defaultdict(set)
    for line in lines:
        found[line["kind"]].add(int(line["key"][key]))
    assert sum(map(len, found.values())) == len(lines)
    return dict(found), summary["rows"]


def check(wanted, code, found, counts, rows):
    assert found == wanted
    assert code == (3 if wanted else 0)
    assert counts["equal"] == rows - sum(len(ids) for kind, ids in wanted.items() if kind in ("different", "missing"))
