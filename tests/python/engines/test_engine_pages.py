"""What pages show of the engines is true."""

import pytest
from conftest import ENGINES
from test_pages import run_page


@pytest.mark.parametrize("page", ENGINES)
def test_the_python_of_a_page_runs(page, tmp_path):
    run_page(page, tmp_path)
