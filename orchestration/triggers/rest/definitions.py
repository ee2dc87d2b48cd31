"""Definitions: publish a document or keep it as a draft, read versions, retire a name."""

from typing import Any, Literal

from django.db.models import QuerySet
from ninja import Query, Router, Status

from orchestration.core.definitions import NAME
from orchestration.definitions import load_document, publish_definition, retire_definition
from orchestration.drafts import save_draft
from orchestration.models import SagaDefinition
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import TAKES_BODY, definition_body, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.requests import MAX_INT, Listing, only
from orchestration.triggers.rest.words import PathName, Version

router = Router(tags=["definitions"])
DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "object"}} for kind in ("application/json", "application/yaml")},
    }
}


@router.post(
    "", response={201: answers.VersionOut, 200: answers.VersionOut, **errors(*TAKES_BODY)}, openapi_extra=DOCUMENT,
    exclude_none=True,
)  # fmt: skip
def publish(request: ApiRequest, draft: Literal["1", "0"] = "0") -> Any:
    """Publish the document in the body; identical to the newest version: 200 and no new version. `draft=1`: keep it as
    the draft of its name, in place of an older one (200)."""
    only(request, "draft")
    request.auth.must("add_sagadefinition")
    kind = request.headers.get("Content-Type", "")
    document = load_document(request.body, kind)
    if draft == "1":
        saved = save_draft(document=document, text=request.body.decode(), content_type=kind[:64], actor=request.auth)
        body = {"name": saved.draft.name, "version": saved.version, "draft": True}
        return Status(201 if saved.created else 200, body)
    published = publish_definition(document=document, actor=request.auth)
    body = {"name": published.definition.name, "version": published.definition.version}
    return Status(201 if published.created else 200, body)


@router.get("", response={200: answers.DefinitionList, **errors()})
def list_definitions(request: ApiRequest, listing: Query[Listing]) -> Any:
    """The newest version of each name that is not retired."""
    only(request, "cursor", "limit")
    request.auth.must("view_sagadefinition")
    newest = SagaDefinition.objects.usable().newest().values("pk")
    found = page(SagaDefinition.objects.filter(pk__in=newest), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(definition_body, found.items)), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: answers.DefinitionOut, **errors(404)})
def get_definition(request: ApiRequest, name: PathName) -> Any:
    """The newest version of a name."""
    only(request)
    return _newest_of(request, _named(name).usable())


@router.get("/{name}/{version}", response={200: answers.DefinitionOut, **errors(404)})
def get_version(request: ApiRequest, name: PathName, version: Version) -> Any:
    """One version, retired or not: sagas keep theirs."""
    only(request)
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 11 else 0
    return _newest_of(request, _named(name).filter(version=min(number, MAX_INT)))


@router.delete("/{name}", response={204: None, **errors(404, 409)})
def retire(request: ApiRequest, name: PathName) -> Any:
    """Close a name to new launches; 409 while sagas of it live."""
    only(request)
    if not NAME.fullmatch(name):
        request.auth.must("delete_sagadefinition")
        raise SagaDefinition.DoesNotExist
    retire_definition(name=name, actor=request.auth)
    return Status(204, None)


def _named(name: str) -> Any:
    return SagaDefinition.objects.filter(name=name) if NAME.fullmatch(name) else SagaDefinition.objects.none()


def _newest_of(request: ApiRequest, versions: QuerySet[SagaDefinition]) -> Any:
    request.auth.must("view_sagadefinition")
    newest = versions.order_by("-version").first()
    if newest is None:
        raise SagaDefinition.DoesNotExist
    return Status(200, definition_body(newest))
