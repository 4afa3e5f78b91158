"""Mimesis makes the casino transactions: a dictionary for each row, and an Arrow table of them, on one thread.

Its providers are called themselves: a `Field` or a `Schema` looks each of them up by its name first.
"""

from casino_rows import made
from mimesis import Generic

generic = Generic()
whole = generic.numeric.integer_number
made(lambda count: whole(0, count - 1), generic.choice)
