"""How a bulk act is asked for, over REST and gRPC alike: what names the set, and what is wrong with it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import QueryDict

from orchestration import bulk as bulk_acts
from orchestration.audit import Actor
from orchestration.bulk import WrongBulk
from orchestration.bulk.making import Chosen
from orchestration.core.definitions import Problem
from orchestration.models import Bulk
from orchestration.operator_actions import WrongAct
from orchestration.queries import WrongFilter
from orchestration.triggers.rest.bulk_bodies import BulkIn
from orchestration.triggers.rest.errors import problems_found, wrong

MAX_PROBLEMS = 20


def make_one(body: BulkIn, actor: Actor) -> Bulk:
    """Freeze the set and begin. Raises Refused and PermissionDenied."""
    said = body.model_dump(exclude_unset=True)
    details: dict[str, Any] = {name: said[name] for name in ("outcome", "output", "confirm") if name in said}
    try:
        return bulk_acts.make(
            body.act, chosen=_chosen(body), actor=actor, reason=body.reason, step=body.step, details=details,
            canary=body.canary,
        )  # fmt: skip
    except (WrongBulk, WrongAct) as error:
        raise wrong(error.field, str(error)) from error
    except WrongFilter as error:
        raise problems_found(Problem(f"filter.{one.place}", one.reason) for one in error.problems) from error


def bulk_id_of(text: str) -> UUID:
    """Raises Bulk.DoesNotExist: there is no bulk act with an id that is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Bulk.DoesNotExist from error


def _chosen(body: BulkIn) -> Chosen:
    """Raises Refused: a set is named by ids or by a filter, and an empty filter is more likely a mistake."""
    if (body.ids is None) == (body.filter is None):
        raise wrong("ids", "give either ids or filter")
    if body.ids is not None:
        return Chosen(ids=_saga_ids(body.ids))
    if not body.filter:
        raise wrong("filter", "names nothing; to mean every saga, say created_before")
    return Chosen(params=_params(body.filter))


def _saga_ids(given: list[Any]) -> list[UUID]:
    ids, problems = [], []
    for place, text in enumerate(given):
        try:
            ids.append(UUID(text))
        except (ValueError, TypeError, AttributeError):
            problems.append(Problem(f"ids[{place}]", "is no saga's id"))
            if len(problems) == MAX_PROBLEMS:
                break
    if problems:
        raise problems_found(problems)
    return ids


def _params(given: dict[str, Any]) -> QueryDict:
    """As `GET /sagas` takes them; `status` may be a list."""
    params, problems = QueryDict(mutable=True), list(_not_texts(given))
    if problems:
        raise problems_found(problems)
    for name, value in given.items():
        params.setlist(name, value if isinstance(value, list) else [value])
    return params


def _not_texts(given: dict[str, Any]) -> Iterator[Problem]:
    for name, value in given.items():
        texts = value if isinstance(value, list) and value and name == "status" else [value]
        if not all(isinstance(text, str) and text for text in texts):
            yield Problem(f"filter.{name[:80]}", "must be a text that is not empty")
