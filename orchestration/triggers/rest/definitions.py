"""Definitions: publish a document, read versions, retire a name."""

from typing import Any

from django.db.models import QuerySet
from ninja import Query, Router, Status

from orchestration.core.definitions import NAME
from orchestration.definitions import load_document, publish_definition, retire_definition
from orchestration.models import SagaDefinition
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import definition_body
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.requests import MAX_INT, Listing, only
from orchestration.triggers.rest.sagas import ERRORS

router = Router(tags=["definitions"])
DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "object"}} for kind in ("application/json", "application/yaml")},
    }
}


@router.post("", response={201: answers.VersionOut, 200: answers.VersionOut, **ERRORS}, openapi_extra=DOCUMENT)
def publish(request: ApiRequest) -> Any:
    """Publish the document in the body; identical to the newest version: 200 and no new version."""
    only(request)
    request.auth.must("add_sagadefinition")
    document = load_document(request.body, request.headers.get("Content-Type", ""))
    published = publish_definition(document=document, actor=request.auth)
    body = {"name": published.definition.name, "version": published.definition.version}
    return Status(201 if published.created else 200, body)


@router.get("", response={200: answers.DefinitionList, **ERRORS})
def list_definitions(request: ApiRequest, listing: Query[Listing]) -> Any:
    """The newest version of each name that is not retired."""
    only(request, "cursor", "limit")
    request.auth.must("view_sagadefinition")
    newest = SagaDefinition.objects.usable().newest().values("pk")
    found = page(SagaDefinition.objects.filter(pk__in=newest), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(definition_body, found.items)), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: answers.DefinitionOut, **ERRORS})
def get_definition(request: ApiRequest, name: str) -> Any:
    """The newest version of a name."""
    only(request)
    return _newest_of(request, _named(name).usable())


@router.get("/{name}/{version}", response={200: answers.DefinitionOut, **ERRORS})
def get_version(request: ApiRequest, name: str, version: str) -> Any:
    """One version, retired or not: sagas keep theirs."""
    only(request)
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 11 else 0
    return _newest_of(request, _named(name).filter(version=min(number, MAX_INT)))


@router.delete("/{name}", response={204: None, **ERRORS})
def retire(request: ApiRequest, name: str) -> Any:
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
