"""`python -m tests.faults`: traffic under faults, then the verdict. Exit code 1 when a promise was missed."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict

from sagaconsole.demo.terminal import say
from tests.faults import collect, report
from tests.faults.checker import check
from tests.faults.damage import Damage
from tests.faults.facts import Facts
from tests.faults.options import Options, parse_options
from tests.faults.rest import Rest
from tests.faults.schedule import plan
from tests.faults.settle import settle
from tests.faults.system import NotReady, System
from tests.faults.traffic import Traffic

KEPT, MISSED, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    options = parse_options(arguments)
    say(f"seed {options.seed}: {options.seconds:g} s of traffic, {options.launch_rate:g} sagas per second")
    try:
        return asyncio.run(_on_a_system(options))
    except asyncio.CancelledError:
        return INTERRUPTED


async def _on_a_system(options: Options) -> int:
    """Start the system, break it, and stop it, whatever happens. Its directory stays when a promise was missed."""
    _cancel_on_signals()
    system = System(workers=options.workers)
    result = MISSED
    try:
        await system.ready()
        result = await _break_and_check(options, system)
    except NotReady as error:
        say(f"the system did not start:\n{error}")
        result = COULD_NOT_RUN
    except asyncio.CancelledError:
        result = INTERRUPTED
        raise
    finally:
        system.stop()
        if result in {KEPT, INTERRUPTED} and not options.keep:
            system.remove()
        else:
            say(f"data and logs are kept in {system.directory}")
    return result


def _cancel_on_signals() -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _break_and_check(options: Options, system: System) -> int:
    facts = system.facts
    participants = facts["participants"]
    async with Rest(facts["url"], facts["api_token"]) as rest, await collect.connect(facts["database_url"]) as database:
        traffic, damage = Traffic(rest, options.seed), Damage(system, rest)
        books_before = await collect.books(rest, participants)
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.run(rate=options.launch_rate, seconds=options.seconds))
            group.create_task(damage.run(plan(options.seed, options.seconds)))
        await damage.heal()
        say(f"{report.killed(damage.done)} processes killed or frozen; waiting for the sagas to end")
        settled = await settle(database, rest)
        found = Facts(
            acknowledged=traffic.acknowledged, overdue=settled.overdue, books_before=books_before,
            books_after=await collect.books(rest, participants), effects=await collect.effects(rest, participants),
            **await collect.run_facts(database),
        )  # fmt: skip
        engine = {name: await collect.number(database, collect.COUNTER, name) for name in report.COUNTERS}
    (system.directory / "facts.json").write_text(json.dumps(asdict(found) | {"damage": damage.done}, default=str))
    verdicts = check(found)
    say(report.table(verdicts))
    say(report.counts(found, damage.done, settled, engine, rest.answers))
    if all(one.kept for one in verdicts) and not traffic.refused:
        return KEPT
    say(report.misses(verdicts, found, damage.done))
    say("\n".join(f"launch {line}" for line in traffic.refused))
    return MISSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
