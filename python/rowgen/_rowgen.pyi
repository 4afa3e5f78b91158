# The compiled half of the package: its types are those of __init__.pyi.
from collections.abc import Sequence

from . import PipelineError as PipelineError
from . import RowgenError as RowgenError
from . import RunError as RunError
from . import Table as Table
from . import check as check
from . import read as read
from . import run as run
from . import schema as schema

__all__ = [
    "PipelineError",
    "RowgenError",
    "RunError",
    "Table",
    "__version__",
    "check",
    "main",
    "read",
    "run",
    "schema",
]
__version__: str

def main(arguments: Sequence[str]) -> int: ...
