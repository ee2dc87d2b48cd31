"""The broker of the tests: that of AMQP_URL. Without one these tests are skipped, or fail where they are required."""

import os
from uuid import uuid4

import pytest

WHY = "AMQP_URL is not set: no RabbitMQ to test with (`python -m tests.rabbitmq DIRECTORY` runs one)"


def broker_url() -> str:
    url = os.environ.get("SAGA_TEST_AMQP_URL", "")  # see tests/embedded_servers.py
    if not url and os.environ.get("SAGA_REQUIRE_AMQP") == "1":
        pytest.fail(WHY)
    if not url:
        pytest.skip(WHY)
    return url


def new_prefix() -> str:
    """Tests share the broker, and nothing on it."""
    return f"test-{uuid4().hex[:12]}"
