"""Three roles and what each may do. One permission per verb; groups are made again after every migrate."""

from typing import Any

VIEWER = "viewer"
OPERATOR = "operator"
ADMIN = "admin"

_MODELS = (
    "saga", "sagadata", "step", "attempt", "event", "sagadefinition", "definitionstep", "participant", "faultrule",
    "drain", "auditentry", "deadletter", "bulk", "bulkitem", "failuregroup",
    "webhookendpoint", "webhookdelivery",
)  # fmt: skip
_VIEWER = {f"view_{model}" for model in _MODELS}
_ACTS = (
    "retry", "compensate", "skip", "resolve", "pause", "resume", "edit_and_retry", "restart_from", "approve", "note",
)  # fmt: skip
_OPERATOR = (
    _VIEWER
    | {f"{verb}_saga" for verb in ("launch", *_ACTS)}
    | {"pause_participant", "resume_participant", "resend_deadletter", "discard_deadletter"}
    | {"change_failuregroup"}
)
_ADMIN = _OPERATOR | {
    "abandon_saga", "add_faultrule", "change_faultrule", "delete_faultrule", "add_participant", "change_participant",
    "delete_participant", "add_sagadefinition", "delete_sagadefinition", "add_apitoken", "change_apitoken",
    "delete_apitoken", "view_apitoken", "add_webhookendpoint", "change_webhookendpoint", "delete_webhookendpoint",
}  # fmt: skip
_ADMIN_USERS = {f"{verb}_user" for verb in ("add", "change", "delete", "view")}

ROLES: dict[str, set[str]] = {VIEWER: _VIEWER, OPERATOR: _OPERATOR, ADMIN: _ADMIN | _ADMIN_USERS}


def make_groups(**_signal: Any) -> None:
    """Give each role's group exactly its permissions. Called after `migrate`."""
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415  models are not loaded when apps import this

    for role, codenames in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label__in=["orchestration", "auth"], codename__in=codenames)
        )
