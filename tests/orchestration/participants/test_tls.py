"""TLS towards participants, whatever they speak: whom we trust, who we are, and that a refusal says why."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest

from orchestration.participants.brokers import without_password
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Answer, Outcome
from orchestration.participants.transports import Transports
from tests.amqp import broker_url, new_prefix
from tests.certificates import Authority, server_side
from tests.orchestration.participants.test_http import command
from tests.participants_demo.naive import naive, naive_over_grpc
from tests.proxy import Proxy

SCHEMES = {"http": "https", "grpc": "grpcs", "amqp": "amqps"}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    directory = tmp_path_factory.mktemp("authorities")
    return Authority(directory, "ours"), Authority(directory, "others")


@pytest.fixture
def proxy(way: str, authorities: tuple[Authority, Authority], settings: Any) -> Iterator[Proxy]:
    """A participant that takes only clients with a certificate of our authority."""
    ours, _others = authorities
    tls = server_side(ours.signs("participant"), clients_of=ours)
    with ExitStack() as stack:
        if way == "amqp":
            port = urlsplit(broker_url()).port or 5672
        else:
            books = stack.enter_context(naive())
            address = books.url if way == "http" else "grpc://" + stack.enter_context(naive_over_grpc(books))
            port = urlsplit(address).port or 0
        if way == "grpc":
            tls.set_alpn_protocols(["h2"])
        proxy = stack.enter_context(Proxy(port, tls=tls))
        if way == "amqp":
            parts = urlsplit(broker_url())
            user = parts.netloc.rpartition("@")[0]
            settings.SAGA_AMQP_BROKERS = [f"amqps://{user}@127.0.0.1:{proxy.port}{parts.path}"]
            settings.AMQP_PREFIX = new_prefix()
        yield proxy


@asynccontextmanager
async def answering_by_message(prefix: str) -> AsyncIterator[None]:
    """A participant that takes commands from the broker itself, without TLS."""
    async with await aio_pika.connect(broker_url()) as connection:
        channel = await connection.channel()
        commands = await channel.declare_exchange(f"{prefix}.commands", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(commands, "#")

        async def answer(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            said = aio_pika.Message(json.dumps({"state": "done"}).encode(), correlation_id=message.message_id)
            await channel.default_exchange.publish(said, str(message.reply_to))

        await queue.consume(answer, no_ack=True)
        yield
        await commands.delete(if_unused=False)


def call(way: str, proxy: Proxy, settings: Any) -> Answer:
    address = f"{SCHEMES[way]}://127.0.0.1:{proxy.port}"
    known = HttpParticipant(without_password(settings.SAGA_AMQP_BROKERS[0]) if way == "amqp" else address, "", "")

    async def go() -> Answer:
        transports = Transports(lambda _name: known)
        try:
            target = {"http": "/reserve", "grpc": "reserve", "amqp": "stock.reserve"}[way]
            sent = command(target=target, timeout=10)
            if way != "amqp":
                return await transports.by_name(way).send(sent)
            async with answering_by_message(settings.AMQP_PREFIX):
                return await transports.by_name(way).send(sent)
        finally:
            await transports.close()

    return asyncio.run(go())


@pytest.mark.parametrize("way", SCHEMES)
def test_trusted_is_the_authority_of_the_settings_and_nobody_else(
    way: str, proxy: Proxy, authorities: tuple[Authority, Authority], settings: Any
) -> None:
    ours, others = authorities
    own = ours.signs("worker")
    settings.SAGA_PARTICIPANT_CA = str(others.ca)
    settings.SAGA_PARTICIPANT_CERTIFICATE, settings.SAGA_PARTICIPANT_KEY = str(own.certificate), str(own.key)
    refused = call(way, proxy, settings)
    assert refused.outcome is Outcome.NOT_SENT
    assert refused.error is not None
    assert "certificate verify failed" in refused.error["message"].lower().replace("_", " ")
    settings.SAGA_PARTICIPANT_CA = str(ours.ca)
    assert call(way, proxy, settings).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("way", SCHEMES)
def test_who_shows_no_certificate_where_one_is_asked_for_gets_no_answer(
    way: str, proxy: Proxy, authorities: tuple[Authority, Authority], settings: Any
) -> None:
    settings.SAGA_PARTICIPANT_CA = str(authorities[0].ca)
    answer = call(way, proxy, settings)
    assert answer.outcome in {Outcome.NOT_SENT, Outcome.IN_DOUBT}
    assert answer.error is not None
    assert answer.error["message"]


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, settings: Any) -> None:
    """`localhost` is what it is for; the same machine under another name is another host."""
    ours = Authority(tmp_path, "ours")
    settings.SAGA_PARTICIPANT_CA, settings.SAGA_PARTICIPANT_HOSTS = str(ours.ca), ["127.0.0.2"]
    tls = server_side(ours.signs("participant"))
    with naive() as books, Proxy(books.server_port, tls=tls, host="127.0.0.2") as proxy:
        known = HttpParticipant(f"https://127.0.0.2:{proxy.port}", "", "")

        async def go() -> Answer:
            transports = Transports(lambda _name: known)
            try:
                return await transports.by_name("http").send(command(target="/reserve"))
            finally:
                await transports.close()

        answer = asyncio.run(go())
    assert answer.outcome is Outcome.NOT_SENT
