from typing import ClassVar, Self

from django.db import models


class Card(models.Model):
    """A card that can be charged. `limit` is the most that one charge may be, in cents."""

    name = models.TextField(primary_key=True)
    limit = models.BigIntegerField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.name


class Charge(models.Model):
    """One charge. `amount` is in cents."""

    key = models.TextField(primary_key=True)
    card = models.TextField()
    amount = models.BigIntegerField()
    refunded = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.key


class Account(models.Model):
    """Who can be paid. A closed account takes no money."""

    name = models.TextField(primary_key=True)
    open = models.BooleanField(default=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.name


class Hold(models.Model):
    """Money of a card that is set aside until it is freed, or paid to `payee`. `amount` is in cents."""

    STATES: ClassVar = [("held", "held"), ("freed", "freed"), ("paid", "paid")]

    key = models.TextField(primary_key=True)
    number = models.TextField(unique=True)
    card = models.TextField()
    amount = models.BigIntegerField()
    state = models.TextField(default="held", choices=STATES)
    payee = models.TextField(default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.number


class RefundDesk(models.Model):
    """One row: whether refunds are given at the moment."""

    open = models.BooleanField(default=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return "open" if self.open else "closed"
