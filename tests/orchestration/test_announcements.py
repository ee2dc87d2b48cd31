"""Ends of sagas, kept for who tells them. Here without a consumer, which would take what these tests look for."""

from orchestration import announcements
from orchestration.models import Announcement
from tests.orchestration.scripted import World, define, run_until_quiet, start


def test_while_nobody_listens_nothing_is_written(engine: World) -> None:
    define("one")
    start()
    run_until_quiet()
    assert not Announcement.objects.exists()
    announcements.listen("announce:amqp")
    ended = start()
    run_until_quiet()
    [told] = announcements.take("announce:amqp", 10)
    assert (told.saga_id, told.status) == (ended.pk, "completed")
    assert announcements.take("announce:amqp", 10) == []  # somebody is telling it
    Announcement.objects.update(taken_until=None)
    announcements.forget("announce:amqp", announcements.take("announce:amqp", 10))
    assert not Announcement.objects.exists()
