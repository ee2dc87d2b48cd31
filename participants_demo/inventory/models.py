from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class Stock(models.Model):
    """What there is of one article."""

    sku = models.TextField(primary_key=True)
    available = models.BigIntegerField()
    reserved = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(available__gte=0, reserved__gte=0), name="stock_is_never_negative")
        ]

    def __str__(self) -> str:
        return self.sku


class Reservation(models.Model):
    """What one call set aside: the undo reads it, and does not trust the input to be the same."""

    key = models.TextField(primary_key=True)
    sku = models.TextField()
    qty = models.IntegerField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.key
