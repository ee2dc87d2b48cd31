from typing import ClassVar, Self

from django.db import models


class Carrier(models.Model):
    """Who delivers in a region. A region without a row has nobody."""

    region = models.TextField(primary_key=True)
    name = models.TextField()

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
