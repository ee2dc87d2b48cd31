from typing import ClassVar, Self

from django.db import models


class Carrier(models.Model):
    """Who delivers in a region. A region without a row has nobody.

    answers: at once; or later, and then it either calls back or must be asked. most_pieces: None for any number.
    """

    class Answers(models.TextChoices):
        AT_ONCE = "at_once"
        CALLS_BACK = "calls_back"
        WHEN_ASKED = "when_asked"

    region = models.TextField(primary_key=True)
    name = models.TextField()
    answers = models.TextField(choices=Answers.choices, default=Answers.AT_ONCE)
    most_pieces = models.IntegerField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    """One booking of a carrier."""

    key = models.TextField(primary_key=True)
    carrier = models.TextField()
    cancelled = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.key
