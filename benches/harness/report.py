"""What a benchmark says and keeps: a table with the ratios, and a record of every run."""

import csv
import datetime
import os
import platform
import re
import subprocess
from dataclasses import asdict
from statistics import median

MIB = 1 << 20
HEADER = ["format", "tool", "rows/s", "wall s", "CPU s", "peak MiB", "MB", "rowgen: rows/s", "rows/CPU s"]


def table(runs, rows):
    """Medians of every tool for every format; the last columns are how many times as much rowgen does."""
    lines = [HEADER]
    for fmt in dict.fromkeys(run.format for run in runs):
        tools = dict.fromkeys(run.tool for run in runs if run.format == fmt)
        per = {tool: medians([r for r in runs if (r.format, r.tool) == (fmt, tool)], rows[fmt, tool]) for tool in tools}
        own = per.get("rowgen")
        for tool, (by_wall, by_cpu, wall, cpu, rss, size) in per.items():
            ratios = [f"{own[0] / by_wall:.2f}x", f"{own[1] / by_cpu:.2f}x"] if own else ["-", "-"]
            figures = [f"{by_wall:,.0f}", f"{wall:.2f}", f"{cpu:.2f}", f"{rss / MIB:.0f}", f"{size / 1e6:.1f}"]
            lines.append([fmt, tool, *figures, *ratios])
    widths = [max(map(len, column)) for column in zip(*lines)]
    align = lambda line: [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
    return "\n".join("  ".join(align(line)).rstrip() for line in lines)


def medians(runs, rows):
    wall, cpu = median(r.wall for r in runs), median(r.cpu for r in runs)
    return rows / wall, rows / cpu, wall, cpu, median(r.peak_rss for r in runs), median(r.bytes for r in runs)


def cpu_model():
    with open("/proc/cpuinfo") as file:
        return re.search(r"model name\s*:\s*(.*)", file.read()).group(1).strip()


def git(top, *words):
    return subprocess.run(["git", "-C", top, *words], capture_output=True, text=True, check=True).stdout.strip()


def circumstances(top, versions, facts):
    """The lines above the table: what ran, where, at which commit."""
    changed = " with local changes" if git(top, "status", "--porcelain", ":!benches/runs") else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    lines = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git(top, "rev-parse", "HEAD") + changed,
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        "versions": ", ".join(f"{tool} {version}" for tool, version in versions.items()),
        **facts,
        "exit codes": "0 for every run",
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def record(top, name, runs, rows, text):
    """Keeps every run and the printed summary under the day and the processor."""
    machine = re.sub(r"[^a-z0-9]+", "-", cpu_model().lower()).strip("-")
    folder = top / "benches" / "runs" / f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-{machine}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text + "\n")
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["rows", *asdict(runs[0])], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"rows": rows[r.format, r.tool], **asdict(r)} for r in runs)
    return folder
