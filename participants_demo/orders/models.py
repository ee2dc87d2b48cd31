from typing import ClassVar, Self

from django.db import models


class Order(models.Model):
    """An order as one saga placed it. The same order number may come again, with another saga."""

    key = models.TextField(primary_key=True)
    number = models.TextField()
    state = models.TextField(default="pending", choices=[("pending", "pending"), ("cancelled", "cancelled")])

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.number
