"""Definition documents: read, published as versions, retired, and compiled once per version."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models.functions import Now

from orchestration import audit, strict_json, strict_yaml
from orchestration.audit import Actor
from orchestration.core import definitions as core
from orchestration.core import nesting
from orchestration.core.definitions import Problem, WrongDefinition
from orchestration.core.mapping import unknown_functions
from orchestration.core.states import StepKind
from orchestration.models import DefinitionStep, Participant, Saga, SagaDefinition
from orchestration.participants.function import REGISTRY
from orchestration.schemas import schema_problems, validator_for

MAX_DOCUMENT_BYTES = 256 * 1024
JSON_TYPES = frozenset({"application/json"})
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})


class DocumentTooLarge(WrongDefinition):
    """The document is beyond 256 KiB."""

    def __init__(self) -> None:
        super().__init__([Problem("", f"is larger than {MAX_DOCUMENT_BYTES // 1024} KiB")])


class UnknownContentType(ValueError):
    """Neither JSON nor YAML."""


class DefinitionInUse(Exception):
    """A definition with live sagas, or that is a sub-saga of another one, cannot be retired; `why` says which."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name} {why}")


@dataclass(frozen=True, slots=True)
class Published:
    definition: SagaDefinition
    created: bool


def load_document(raw: bytes, content_type: str) -> dict[str, Any]:
    """The document in `raw`. Raises UnknownContentType, DocumentTooLarge, or WrongDefinition with place or line."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in JSON_TYPES | YAML_TYPES:
        raise UnknownContentType(f"{kind or 'no content type'} is neither application/json nor application/yaml")
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise DocumentTooLarge
    document = _json(raw) if kind in JSON_TYPES else strict_yaml.loads(raw)
    if not isinstance(document, dict):
        raise WrongDefinition([Problem("", "must be an object")])
    return document


def publish_definition(*, document: dict[str, Any], actor: Actor) -> Published:
    """Store `document` as the next version of its name, or return the newest when it is the same document.

    Raises PermissionDenied, or WrongDefinition with every problem and its place; nothing is stored then.
    """
    if not actor.may("add_sagadefinition"):
        audit.write(actor=actor, act="publish", subject=_subject(document), granted=False)
        actor.must("add_sagadefinition")
    parsed = check_document(document)
    fingerprint = hashlib.sha256(strict_json.canonical(document)).hexdigest()
    with transaction.atomic():
        _one_at_a_time(parsed.name)
        newest = SagaDefinition.objects.filter(name=parsed.name).order_by("-version").first()
        if newest and newest.retired_at is None and newest.fingerprint == fingerprint:
            return Published(newest, created=False)
        definition = SagaDefinition.objects.create(
            name=parsed.name, version=newest.version + 1 if newest else 1, title=parsed.title, document=document,
            fingerprint=fingerprint, published_by=actor.name,
        )  # fmt: skip
        DefinitionStep.objects.bulk_create(_step_rows(definition, parsed))
        audit.write(
            actor=actor, act="publish", subject=str(definition), granted=True,
            after={"version": definition.version, "fingerprint": fingerprint},
        )  # fmt: skip
    return Published(definition, created=True)


def retire_definition(*, name: str, actor: Actor) -> int:
    """Close every version of `name` to new launches; returns how many there were.

    Raises PermissionDenied, SagaDefinition.DoesNotExist, or DefinitionInUse while sagas of it live.
    """
    if not actor.may("delete_sagadefinition"):
        audit.write(actor=actor, act="retire", subject=name[:128], granted=False)
        actor.must("delete_sagadefinition")
    with transaction.atomic():
        _one_at_a_time(name)
        versions = SagaDefinition.objects.filter(name=name).usable()
        if not versions.exists():
            raise SagaDefinition.DoesNotExist(f"no definition is named {name!r}")
        if outer := sorted(outer for outer, inner in _nested().items() if name in inner and outer != name):
            raise DefinitionInUse(name, f"is a sub-saga of {', '.join(outer)}")
        if live := Saga.objects.live().filter(definition_name=name)[:10_000].count():
            raise DefinitionInUse(name, f"has {live} live saga{'' if live == 1 else 's'}")
        retired = versions.update(retired_at=Now())
        audit.write(actor=actor, act="retire", subject=name, granted=True, before={"versions": retired})
    return retired


@lru_cache(maxsize=1024)
def compiled_definition(definition_id: int) -> core.SagaDefinition:
    """The parsed version. Cached for good: published versions never change. Raises SagaDefinition.DoesNotExist."""
    return core.parse(SagaDefinition.objects.values_list("document", flat=True).get(pk=definition_id))


@lru_cache(maxsize=1024)
def input_validator(definition_id: int) -> Callable[[Any], list[Problem]]:
    """The compiled input check of a version: input -> problems with places such as `input.lines[0].sku`."""
    return validator_for(dict(compiled_definition(definition_id).input_schema))


def _json(raw: bytes) -> Any:
    try:
        return strict_json.loads(raw)
    except strict_json.WrongJSON as error:
        raise WrongDefinition(error.problems) from error


def check_document(document: Any) -> core.SagaDefinition:
    """The document as values, with everything checked that the pure parser cannot know. Raises WrongDefinition."""
    if problems := strict_json.find_problems(document, max_depth=2 * strict_json.MAX_DEPTH):
        raise WrongDefinition(problems)
    if len(strict_json.canonical(document)) > MAX_DOCUMENT_BYTES:
        raise DocumentTooLarge
    parsed = core.parse(document)
    problems = [*schema_problems(parsed.input_schema, "input_schema"), *_participant_problems(parsed),
                *_permission_problems(parsed), *_expression_problems(parsed), *_sub_saga_problems(parsed)]  # fmt: skip
    if problems:
        raise WrongDefinition(problems)
    return parsed


def _participant_problems(parsed: core.SagaDefinition) -> Iterator[Problem]:
    calls = [step for step in parsed.steps if step.kind is StepKind.CALL]
    names = {step.participant for step in calls}
    transports = dict(Participant.objects.filter(name__in=names).values_list("name", "transport"))
    for step in calls:
        place = step.place
        match transports.get(step.participant):
            case None:
                yield Problem(f"{place}.participant", f"no participant is named {step.participant!r}")
            case Participant.Transport.FUNCTION:
                yield from _function_problems(step, place)
            case Participant.Transport.HTTP:
                yield from _path_problems(step, place)
            case Participant.Transport.GRPC | Participant.Transport.AMQP:
                yield from _word_problems(step, place)


def _expression_problems(parsed: core.SagaDefinition) -> Iterator[Problem]:
    """Functions that there are not. The parser lets them pass, so that what was published once stays readable."""
    places = {f"{step.place}.{name}": getattr(step, name) for step in parsed.steps for name in ("payload", "when")}
    for place, expression in {"business_key": parsed.business_key, **places}.items():
        for name in unknown_functions(expression) if expression else ():
            yield Problem(place, f"JMESPath has no function {name!r}")


def _permission_problems(parsed: core.SagaDefinition) -> Iterator[Problem]:
    approvals = [step for step in parsed.steps if step.kind is StepKind.APPROVAL]
    names = {step.permission for step in approvals}
    known = Permission.objects.filter(content_type__app_label="orchestration", codename__in=names)
    unknown = names - set(known.values_list("codename", flat=True))
    for step in approvals:
        if step.permission in unknown:
            yield Problem(f"{step.place}.approval.permission", f"there is no permission {step.permission!r}")


def _sub_saga_problems(parsed: core.SagaDefinition) -> Iterator[Problem]:
    """Names that there are not, circles, and too deep a nest: by the newest versions, which launches take."""
    sub_sagas = [step for step in parsed.steps if step.kind is StepKind.SAGA]
    if not sub_sagas:
        return
    nested = _nested()
    known = set(SagaDefinition.objects.usable().values_list("name", flat=True))
    nested.pop(parsed.name, None)  # this version takes the place of the one that said so
    for step in sub_sagas:
        if reason := nesting.why_not(parsed.name, step.saga, nested):
            yield Problem(f"{step.place}.saga", reason)
        elif step.saga not in known:
            yield Problem(f"{step.place}.saga", f"no definition is named {step.saga!r}")


def _nested() -> dict[str, set[str]]:
    """The sub-sagas of each definition's newest usable version."""
    newest = SagaDefinition.objects.usable().newest().values_list("pk", flat=True)
    rows = DefinitionStep.objects.filter(definition_id__in=list(newest), kind=StepKind.SAGA)
    found: dict[str, set[str]] = {}
    for name, sub_saga in rows.values_list("definition__name", "action"):
        found.setdefault(name, set()).add(sub_saga)
    return found


def _targets(step: core.StepDefinition, place: str) -> Iterator[tuple[str, str]]:
    yield f"{place}.action", step.action
    if step.compensation is not None:
        yield f"{place}.compensation", step.compensation


def _function_problems(step: core.StepDefinition, place: str) -> Iterator[Problem]:
    for at, name in _targets(step, place):
        if name not in REGISTRY:
            yield Problem(at, f"no function is registered as {name!r}")


def _path_problems(step: core.StepDefinition, place: str) -> Iterator[Problem]:
    for at, path in _targets(step, place):
        if not path.startswith("/") or " " in path:
            yield Problem(at, "must be a path that begins with /")


def _word_problems(step: core.StepDefinition, place: str) -> Iterator[Problem]:
    """A method, or a routing key: AMQP knows at most 255 bytes."""
    for at, word in _targets(step, place):
        if not word.isprintable() or " " in word or len(word.encode()) > 255:
            yield Problem(at, "must be 1 to 255 printable characters without blanks")


def _step_rows(definition: SagaDefinition, parsed: core.SagaDefinition) -> list[DefinitionStep]:
    ids = dict(Participant.objects.values_list("name", "pk"))
    return [
        DefinitionStep(
            definition=definition, position=step.index, stage=step.stage, name=step.name, action=step.action,
            kind=step.kind, participant_id=ids.get(step.participant), compensation=step.compensation or "",
            timeout=step.timeout,
        )
        for step in parsed.steps
    ]  # fmt: skip


def _one_at_a_time(name: str) -> None:
    """Two people who publish at once get two versions, one after the other, instead of a unique violation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('definition'), hashtext(%s))", [name])


def _subject(document: Any) -> str:
    name = document.get("name") if isinstance(document, dict) else None
    return name[:128].replace("\0", "") if isinstance(name, str) else "a definition"
