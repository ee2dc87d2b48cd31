"""Drafts of definitions: checked like a version, launched by nobody, one for each name until it is published."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from orchestration import audit
from orchestration.audit import Actor
from orchestration.definitions import Published, check_document, publish_definition
from orchestration.models import DefinitionDraft, SagaDefinition

RIGHT = "add_sagadefinition"


@dataclass(frozen=True, slots=True)
class Saved:
    """`version`: which one the draft would become if it were published now."""

    draft: DefinitionDraft
    version: int
    created: bool


def save_draft(*, document: dict[str, Any], text: str, content_type: str, actor: Actor) -> Saved:
    """Keep `document` as the draft of its name, in place of an older one.

    Raises PermissionDenied (audited), or WrongDefinition with every problem; nothing is stored then.
    """
    name = document.get("name")
    _must(actor, "save draft", name if isinstance(name, str) else "a definition")
    parsed = check_document(document)
    values = {"document": document, "text": text, "content_type": content_type, "saved_at": Now(),
              "saved_by": actor.name}  # fmt: skip
    with transaction.atomic():
        draft, created = DefinitionDraft.objects.update_or_create(name=parsed.name, defaults=values)
        audit.write(actor=actor, act="save draft", subject=parsed.name, granted=True)
    draft.refresh_from_db()
    return Saved(draft, _next_version(parsed.name), created)


def publish_draft(*, name: str, actor: Actor) -> Published:
    """Make the draft the next version and forget it. Raises PermissionDenied, WrongDefinition (what it names may be
    gone by now; the draft stays) and DefinitionDraft.DoesNotExist."""
    _must(actor, "publish draft", name)
    with transaction.atomic():
        draft = DefinitionDraft.objects.select_for_update().get(name=name)
        published = publish_definition(document=draft.document, actor=actor)
        draft.delete()
    return published


def drop_draft(*, name: str, actor: Actor) -> None:
    """Forget the draft. Raises PermissionDenied (audited) and DefinitionDraft.DoesNotExist."""
    _must(actor, "drop draft", name)
    with transaction.atomic():
        dropped, _by_model = DefinitionDraft.objects.filter(name=name).delete()
        if not dropped:
            raise DefinitionDraft.DoesNotExist
        audit.write(actor=actor, act="drop draft", subject=name, granted=True)


def _next_version(name: str) -> int:
    newest: int | None = SagaDefinition.objects.filter(name=name).aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def _must(actor: Actor, act: str, subject: str) -> None:
    if not actor.may(RIGHT):
        audit.write(actor=actor, act=act, subject=subject[:128].replace("\0", ""), granted=False)
        actor.must(RIGHT)
