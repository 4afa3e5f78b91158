"""Faker makes the casino transactions: a dictionary for each row, and an Arrow table of them, on one thread."""

from casino_rows import made
from faker import Faker

fake = Faker()
made(lambda count: fake.random_int(0, count - 1), fake.random_element)
