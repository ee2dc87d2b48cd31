from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class Shelf(models.Model):
    """What there is of one article on one shelf."""

    sku = models.TextField()
    number = models.IntegerField()
    available = models.BigIntegerField()
    reserved = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "number"], name="one_row_per_article_and_shelf"),
            models.CheckConstraint(condition=Q(available__gte=0, reserved__gte=0), name="stock_is_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} on shelf {self.number}"


class Reservation(models.Model):
    """What one call set aside: the undo reads it, and does not trust the input to be the same."""

    key = models.TextField(primary_key=True)
    sku = models.TextField()
    shelf = models.IntegerField()
    qty = models.IntegerField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.key
