"""What people write down about sagas that fail in the same way."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class FailureGroup(models.Model):
    """Who looks after a group of failures, and what is known of them. It stays when the group is no more: the same
    failure may come again. `key`: see `queries.failures`; `told`: the group in words; `revision`: grows with every
    change.
    """

    key = models.CharField(max_length=32, primary_key=True)
    told = models.JSONField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.TextField(_("note"), blank=True)
    revision = models.PositiveIntegerField(default=0)
    changed_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("failure group"), _("failure groups")

    def __str__(self) -> str:
        return " · ".join(map(str, self.told.values()))
