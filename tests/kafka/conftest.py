"""The broker, topics that a test has for itself, and runs of rowgen."""

import os
import sys
from pathlib import Path

import pytest
from broker import Broker
from rowgen import Rowgen

# Faults are put into files, too.
sys.path.append(str(Path(__file__).parents[1] / "readers"))


def pytest_configure():
    if not os.access(os.environ.get("ROWGEN", ""), os.X_OK):
        raise pytest.UsageError("ROWGEN must name the rowgen binary; use tests/kafka/run, which sets it")


@pytest.fixture(scope="session")
def broker():
    return Broker()


@pytest.fixture
def rowgen(tmp_path, broker):
    return Rowgen(tmp_path, broker.address)


@pytest.fixture
def new_topic(broker):
    """new_topic() gives the name of a topic that is not there yet; what is made of them is deleted after the test."""
    names = []

    def name():
        names.append(f"test-{broker.nonce()}")
        return names[-1]

    yield name
    broker.delete([name for name in names if name in broker.topics()])


@pytest.fixture
def topic(broker, new_topic):
    """topic(partitions) makes a topic and gives its name."""

    def make(partitions=1, **config):
        name = new_topic()
        broker.create(name, partitions, config)
        return name

    return make
