from typing import ClassVar, Self

from django.db import models


class Order(models.Model):
    """An order as one saga placed it. The same order number may come again, with another saga.

    confirmed_by: the key of the call that has confirmed it, "" when none has.
    """

    STATES: ClassVar = [("pending", "pending"), ("confirmed", "confirmed"), ("cancelled", "cancelled")]

    key = models.TextField(primary_key=True)
    saga_id = models.TextField(default="", db_index=True)
    number = models.TextField()
    state = models.TextField(default="pending", choices=STATES)
    confirmed_by = models.TextField(default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.number


class Receipt(models.Model):
    """A receipt for an order. A void one stays in the books."""

    key = models.TextField(primary_key=True)
    order_number = models.TextField()
    void = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.order_number
