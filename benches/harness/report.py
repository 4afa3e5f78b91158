"""What a benchmark says and keeps: a table with the ratios, and a record of every run."""

import csv
import datetime
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass
from statistics import median

MIB = 1 << 20
HEADER = ["work", "tool", "rows", "rows/s", "wall s", "CPU s", "peak MiB", "MB", "rowgen: rows/s", "rows/CPU s"]


@dataclass
class Medians:
    """The medians of one tool's runs of one work."""

    rows: int
    wall: float
    cpu: float
    rss: float
    bytes: float

    @property
    def by_wall(self):
        return self.rows / self.wall

    @property
    def by_cpu(self):
        return self.rows / self.cpu


def medians(runs):
    figures = [[run.wall, run.cpu, run.peak_rss, run.bytes] for run in runs]
    return Medians(runs[0].rows, *map(median, zip(*figures)))


def table(runs):
    """Medians of every tool for every work; the last columns are how many times as much rowgen does."""
    lines = [HEADER]
    for work in dict.fromkeys(run.work for run in runs):
        tools = dict.fromkeys(run.tool for run in runs if run.work == work)
        per = {tool: medians([run for run in runs if (run.work, run.tool) == (work, tool)]) for tool in tools}
        own = per.get("rowgen")
        for tool, it in per.items():
            ratios = [f"{own.by_wall / it.by_wall:.2f}x", f"{own.by_cpu / it.by_cpu:.2f}x"] if own else ["-", "-"]
            size = f"{it.bytes / 1e6:.1f}" if it.bytes else "-"
            figures = [f"{it.by_wall:,.0f}", f"{it.wall:.3f}", f"{it.cpu:.3f}", f"{it.rss / MIB:.0f}", size]
            lines.append([work, tool, f"{it.rows:,}", *figures, *ratios])
    return aligned(lines, left=[0, 1])


def aligned(lines, left):
    """Lines of cells as columns; those at the places in `left` begin together, the others end together."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    cells = lambda line: [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))]
    return "\n".join("  ".join(cells(line)).rstrip() for line in lines)


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
        **({"versions": ", ".join(f"{tool} {version}" for tool, version in versions.items())} if versions else {}),
        **facts,
        "exit codes": "0 for every run",
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def kept(top):
    """The folder of what is measured today on this processor."""
    machine = re.sub(r"[^a-z0-9]+", "-", cpu_model().lower()).strip("-")
    folder = top / "benches" / "runs" / f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-{machine}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def record(top, name, runs, text):
    """Keeps every run and the printed summary under the day and the processor."""
    folder = kept(top)
    (folder / f"{name}.txt").write_text(text + "\n")
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(asdict(runs[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(run) for run in runs)
    return folder
