"""Fault rules: those in force, a new one, one less."""

from datetime import timedelta
from typing import Any

from ninja import Query, Router, Status

from orchestration import faults
from orchestration.models import FaultRule
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import TAKES_BODY, errors, fault_body
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.requests import FaultIn, Listing, only
from orchestration.triggers.rest.words import RuleId

router = Router(tags=["faults"])


@router.get("", response={200: answers.FaultList, **errors()})
def list_faults(request: ApiRequest, listing: Query[Listing]) -> Any:
    """The rules that act now, newest first."""
    only(request, "cursor", "limit")
    request.auth.must("view_faultrule")
    found = page(faults.in_force(), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(fault_body, found.items)), "next_cursor": found.next_cursor})


@router.post("", response={201: answers.FaultOut, **errors(*TAKES_BODY)})
def add_fault(request: ApiRequest, body: FaultIn) -> Any:
    """Put a rule in force, for `expires_in` seconds at most."""
    only(request)
    values = body.model_dump(exclude={"expires_in"})
    rule = faults.add(actor=request.auth, expires_in=timedelta(seconds=body.expires_in), **values)
    return Status(201, fault_body(rule))


@router.delete("/{rule_id}", response={204: None, **errors(404)})
def remove_fault(request: ApiRequest, rule_id: RuleId) -> Any:
    """Take a rule out of force."""
    only(request)
    number = int(rule_id) if rule_id.isascii() and rule_id.isdigit() and len(rule_id) < 19 else 0
    if number == 0:
        request.auth.must("delete_faultrule")
        raise FaultRule.DoesNotExist
    faults.remove(actor=request.auth, rule_id=number)
    return Status(204, None)
