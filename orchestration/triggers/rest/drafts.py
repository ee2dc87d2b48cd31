"""Drafts of definitions: read, publish, drop. They are saved by `POST /definitions?draft=1`."""

from typing import Any

from ninja import Query, Router, Status

from orchestration import drafts
from orchestration.core.definitions import NAME
from orchestration.models import DefinitionDraft
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import draft_body, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.requests import Listing, only
from orchestration.triggers.rest.words import PathName

router = Router(tags=["drafts"])


@router.get("", response={200: answers.DraftList, **errors()})
def list_drafts(request: ApiRequest, listing: Query[Listing]) -> Any:
    """All drafts, by name."""
    only(request, "cursor", "limit")
    request.auth.must("view_sagadefinition")
    found = page(DefinitionDraft.objects.all(), cursor=listing.cursor, limit=listing.limit, order=("name",))
    return Status(200, {"items": list(map(draft_body, found.items)), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: answers.DraftOut, **errors(404)})
def get_draft(request: ApiRequest, name: PathName) -> Any:
    """The draft of a name."""
    only(request)
    request.auth.must("view_sagadefinition")
    return Status(200, draft_body(DefinitionDraft.objects.get(name=_known(name))))


@router.post("/{name}/publish", response={201: answers.VersionOut, 200: answers.VersionOut, **errors(404)},
             exclude_none=True)  # fmt: skip
def publish_draft(request: ApiRequest, name: PathName) -> Any:
    """Make the draft the next version, and forget it; identical to the newest version: 200 and no new version."""
    only(request)
    published = drafts.publish_draft(name=_known(name), actor=request.auth)
    body = {"name": published.definition.name, "version": published.definition.version}
    return Status(201 if published.created else 200, body)


@router.delete("/{name}", response={204: None, **errors(404)})
def drop_draft(request: ApiRequest, name: PathName) -> Any:
    """Forget the draft."""
    only(request)
    drafts.drop_draft(name=_known(name), actor=request.auth)
    return Status(204, None)


def _known(name: str) -> str:
    """What is no name is nobody's, and PostgreSQL need not be asked."""
    return name if NAME.fullmatch(name) else ""
