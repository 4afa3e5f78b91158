"""What pages show in Python is true: each `python run` block, with the files of its page beside it."""

import re
import subprocess
import sys

import pytest
from conftest import ENGINES, TOP

BLOCK = re.compile(r"^```(\S[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", *sorted(str(page.relative_to(TOP)) for page in (TOP / "docs/src").rglob("*.md"))]


def blocks(page):
    return BLOCK.findall((TOP / page).read_text())


def has_python(page):
    return any(kind == "python run" for kind, _ in blocks(page))


def run_page(page, folder):
    """Runs what a page shows in a folder that has its files."""
    program = ""
    for kind, text in blocks(page):
        words = kind.split()
        if words[0] in ("yaml", "csv", "json") and len(words) == 3 and words[1] == "pipeline":
            (folder / words[2]).write_text(text)
        if kind == "python run":
            program += text
    ended = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    # What a block prints stands behind its last lines as comments.
    shown = re.findall(r"^# (.*)$", program, re.MULTILINE)
    assert [line for line in ended.stdout.splitlines() if line.strip()] == shown


@pytest.mark.parametrize("page", [page for page in PAGES if has_python(page) and page not in ENGINES])
def test_the_python_of_a_page_runs(page, tmp_path):
    run_page(page, tmp_path)
