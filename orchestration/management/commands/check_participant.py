"""`manage.py check_participant`: plays the participant protocol with a live participant and says what it keeps."""

import asyncio
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestration.conformance import Asked, Finding, Stopped, Verdict, check
from orchestration.conformance.reach import subject
from orchestration.management.shell import json_argument
from orchestration.models import DefinitionStep, Participant
from orchestration.participants.http import NotTold

_SIGNS = {Verdict.KEPT: "keeps ", Verdict.BROKEN: "BREAKS", Verdict.SKIPPED: "  -   "}


class Command(BaseCommand):
    help = (
        "Call a participant as the engine would, and worse: repeated, late, crossed, eight at a time. The calls are "
        "real ones, each is undone in the end: use an input whose effect does no harm. Exit code 1: a promise is broken"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("participant", metavar="NAME")
        parser.add_argument(
            "--action", help="path of the action; by default that of the newest definition that has one"
        )
        parser.add_argument("--compensation", help="path of its undo")
        parser.add_argument("--input", default="{}", help="JSON that the action accepts, or @FILE")
        parser.add_argument("--refused-input", help="JSON that the action refuses, or @FILE")
        parser.add_argument(
            "--ledger", default="", metavar="URL",
            help="where GET /ledger?saga_id= is served, for a participant that is not called over HTTP itself",
        )  # fmt: skip
        parser.add_argument("--timeout", type=float, default=5.0, help="seconds for one call")
        parser.add_argument("--patience", type=float, default=30.0, help="seconds for an answer that comes later")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        participant = Participant.objects.filter(name=options["participant"]).first()
        if participant is None:
            raise CommandError(f"no participant is named {options['participant']!r}")
        try:
            findings = asyncio.run(_findings(participant, _asked(participant, options), options["ledger"]))
        except Stopped as error:
            raise CommandError(f"nothing could be checked: {error}") from error
        except NotTold as error:
            raise CommandError(f"--ledger: {error}") from error
        self._tell(participant.name, findings, as_json=options["json"])
        if any(finding.verdict is Verdict.BROKEN for finding in findings):
            raise SystemExit(1)

    def _tell(self, name: str, findings: list[Finding], *, as_json: bool) -> None:
        if as_json:
            told = [{**one._asdict(), "promise": one.promise} for one in findings]
            self.stdout.write(json.dumps({"participant": name, "findings": told}, indent=2))
            return
        for one in findings:
            seen = f" ({one.seen})" if one.seen else ""
            self.stdout.write(f"{_SIGNS[one.verdict]} {one.rule:18} {one.promise}{seen}")
        count = {verdict: sum(one.verdict is verdict for one in findings) for verdict in Verdict}
        self.stdout.write(
            f"{name} keeps {count[Verdict.KEPT]} promises and breaks {count[Verdict.BROKEN]}; "
            f"{count[Verdict.SKIPPED]} could not be looked at"
        )


async def _findings(participant: Participant, asked: Asked, ledger_url: str) -> list[Finding]:
    async with subject(participant, asked, ledger_url) as opened:
        return await check(opened)


def _asked(participant: Participant, options: dict[str, Any]) -> Asked:
    action, compensation = options["action"], options["compensation"]
    if action is None or compensation is None:
        known = DefinitionStep.objects.filter(participant=participant).exclude(compensation="")
        known = known.order_by("-definition_id", "position")
        step = known.filter(action=action).first() if action else known.first()
        if step is None:
            raise CommandError("no definition has such a step with an undo: give --action and --compensation")
        action, compensation = step.action, compensation or step.compensation
    refused = options["refused_input"]
    return Asked(
        participant.name, action, compensation, json_argument("--input", options["input"]),
        None if refused is None else json_argument("--refused-input", refused),
        timeout=options["timeout"], patience=options["patience"],
    )  # fmt: skip
