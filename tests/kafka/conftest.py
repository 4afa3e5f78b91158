"""The broker, topics that a test has for itself, and runs of rowgen."""

import pytest
from broker import Broker


@pytest.fixture(scope="session")
def broker():
    return Broker()


@pytest.fixture
def topic(broker, request):
    """topic(partitions) makes a topic and gives its name; all are deleted when the test is over."""
    made = []

    def make(partitions=1, **config):
        name = f"{request.node.originalname}-{len(made)}-{broker.nonce()}"[-200:]
        made.append(name)
        broker.create(name, partitions, config)
        return name

    yield make
    broker.delete(made)
