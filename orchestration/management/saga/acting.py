"""Every act on a saga, what it would do, notes, and one act on many."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from orchestration import bulk, operator_actions, queries
from orchestration.bulk.making import Chosen
from orchestration.management.saga import texts
from orchestration.management.saga.common import CONFLICT, WRONG, Options, Terminal, Verb, actor_of, saga_id_of
from orchestration.management.saga.looking import chosen, filter_arguments
from orchestration.management.shell import json_argument
from orchestration.models import Bulk
from orchestration.operator_actions import ACTS, Conflict
from orchestration.queries.bodies import saga_body

HELP = {
    "retry": "try the step again at once, with a fresh set of tries",
    "compensate": "undo everything, newest first",
    "skip": "leave the step that it is stuck on as it is",
    "resolve": "say what became of a step in doubt",
    "pause": "let no new call go out",
    "resume": "let calls go out again",
    "edit-and-retry": "as retry, and the step's calls carry another input from now on",
    "abandon": "end it as it stands, without another call",
    "restart-from": "a new saga takes over from a step on",
    "approve": "decide an approval step that waits",
}
_JSON, _WHOLE = ("input", "output"), ("version",)
BULK_LOOK_SECONDS = 0.5


def _details(parser: ArgumentParser, act: str) -> None:
    if ACTS[act].takes_step:
        parser.add_argument("--step", help="may be left out when only one fits")
    for detail in ACTS[act].details:
        kind = int if detail.name in _WHOLE else str
        name = "--of-version" if detail.name == "version" else f"--{detail.name}"
        about = "JSON, or @FILE" if detail.name in _JSON else None
        parser.add_argument(name, type=kind, dest=f"detail_{detail.name}", help=about)


def _arguments(act: str) -> Any:
    def add(parser: ArgumentParser) -> None:
        parser.add_argument("saga", metavar="ID")
        parser.add_argument("--reason", required=True, help="for the journal and the audit")
        parser.add_argument("--revision", type=int, help="only if the saga has not changed since you looked")
        _details(parser, act)

    return add


def _said(act: str, options: Options) -> dict[str, Any]:
    given = {detail.name: options[f"detail_{detail.name}"] for detail in ACTS[act].details}
    return {
        name: json_argument(f"--{name}", value) if name in _JSON else value
        for name, value in given.items()
        if value is not None
    }


def _act(act: str) -> Any:
    def run(options: Options, terminal: Terminal) -> int:
        try:
            saga = operator_actions.perform(
                act, saga_id=saga_id_of(options["saga"]), actor=actor_of(options), reason=options["reason"],
                revision=options["revision"], step=options.get("step"), details=_said(act, options),
            )  # fmt: skip
        except Conflict as conflict:
            raise CommandError(_why(conflict), returncode=CONFLICT) from conflict
        body = saga_body(saga.restarted_as_id or saga.pk)
        terminal.tell(body, texts.saga_lines(body))
        return 0

    return run


def _why(conflict: Conflict) -> str:
    by = f" (last changed by {conflict.changed_by}: {conflict.last_act})" if conflict.changed_by else ""
    return f"{conflict.message}{by}"


def _preview_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("act", choices=list(ACTS))
    parser.add_argument("saga", metavar="ID")
    parser.add_argument("--step")


def _preview(options: Options, terminal: Terminal) -> int:
    found = operator_actions.preview(
        options["act"], saga_id=saga_id_of(options["saga"]), actor=actor_of(options), step=options["step"]
    )
    calls = [{"step": one.step, "direction": one.direction, "participant": one.participant, "payload": one.payload}
             for one in found.calls]  # fmt: skip
    body = {"allowed": found.allowed, "why_not": found.why_not or None, "calls": calls, "revision": found.revision}
    first = f"allowed, at revision {found.revision}" if found.allowed else f"not allowed: {found.why_not}"
    lines = [f"  {call['step']} {call['direction']} at {call['participant']}" for call in calls]
    terminal.tell(body, [first, *lines])
    return 0 if found.allowed else CONFLICT


def _note_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("saga", metavar="ID")
    parser.add_argument("text")


def _note(options: Options, terminal: Terminal) -> int:
    saga = operator_actions.note(saga_id=saga_id_of(options["saga"]), actor=actor_of(options), text=options["text"])
    terminal.tell({"id": saga.pk}, [f"kept in the journal of {saga.pk}"])
    return 0


def _bulk_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("act", choices=bulk.BULK_ACTS)
    parser.add_argument("--reason", required=True)
    parser.add_argument("--canary", action="store_true", help="one, then ten, then the rest; halts when failures rise")
    filter_arguments(parser)
    for name in ("outcome", "output", "confirm"):
        parser.add_argument(f"--{name}", dest=f"detail_{name}")


def _bulk(options: Options, terminal: Terminal) -> int:
    """Begin, and look on until it is over: a worker of the housekeeping queue does it."""
    actor = actor_of(options)
    if not options["as_user"]:
        raise CommandError("a bulk act is checked saga by saga against a person's rights: give --as USER")
    details = {name: options[f"detail_{name}"] for name in ("outcome", "confirm") if options[f"detail_{name}"]}
    if options["detail_output"]:
        details["output"] = json_argument("--output", options["detail_output"])
    made = bulk.make(
        options["act"], chosen=Chosen(params=chosen(options)), actor=actor, reason=options["reason"],
        step=options["step"], details=details, canary=options["canary"],
    )  # fmt: skip
    ended = _looked_on(made, terminal)
    body = {"id": ended.pk, "status": ended.status, "total": ended.total, "done": ended.done, "refused": ended.refused}
    counts = f"{ended.done} done, {ended.refused} refused, of {ended.total}"
    terminal.tell(body, [f"{ended.pk} {ended.status}: {counts}"])
    return 0 if ended.status == Bulk.Status.COMPLETED and not ended.refused else WRONG


def _looked_on(made: Bulk, terminal: Terminal) -> Bulk:
    while True:
        now = queries.bulk_now(made.pk).bulk if made.status != Bulk.Status.DRAFT else made
        terminal.bar(now.done + now.refused, now.total, now.act)
        if now.status != Bulk.Status.RUNNING:
            return now
        time.sleep(BULK_LOOK_SECONDS)


VERBS = (
    *(Verb(act, HELP[act], _arguments(act), _act(act)) for act in ACTS),
    Verb("preview", "what an act would do now; nothing changes", _preview_arguments, _preview),
    Verb("note", "keep a note in the journal, also after the end", _note_arguments, _note),
    Verb("bulk", "one act on every saga that fits the filters", _bulk_arguments, _bulk),
)
