"""`python -m tests.faults`: traffic under faults, then the verdict. Exit code 1 when a promise was missed."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random

from sagaconsole.demo.terminal import say
from tests.faults import collect, hermit, report
from tests.faults.checker import check
from tests.faults.damage import Damage
from tests.faults.facts import Books, Chain, Facts, Outage, Piled, Weighed
from tests.faults.memory import weigh
from tests.faults.nonsense import Nonsense
from tests.faults.operators import Operators
from tests.faults.options import Options, parse_options
from tests.faults.pile import pile_up
from tests.faults.rest import Rest
from tests.faults.schedule import plan
from tests.faults.settle import Settled, audit_chain, settle
from tests.faults.system import NotReady, System
from tests.faults.traffic import Traffic

ACTS_RATE, NONSENSE_RATE = 3.0, 4.0  # per second
KEPT, MISSED, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


@dataclass
class Run:
    """Who takes part in a run."""

    rest: Rest
    participants: Mapping[str, str]
    traffic: Traffic
    damage: Damage
    operators: Operators
    nonsense: Nonsense
    books_before: Books
    memory: Sequence[Weighed] = ()
    piled: Piled | None = None


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
    demo = system.facts
    participants, people = demo["participants"], demo["users"]
    tokens = (people["operator"]["api_token"], people["admin"]["api_token"])
    async with Rest(demo["url"], demo["api_token"]) as rest:
        run = Run(
            rest, participants, traffic=Traffic(rest, options.seed), damage=Damage(system, rest),
            operators=Operators(rest, options.seed, tokens, participants), nonsense=Nonsense(rest, options.seed),
            books_before=await collect.books(rest, participants),
        )  # fmt: skip
        if options.calm_seconds:
            await _stay_calm(options, run, system)
        outage = await hermit.endure(
            rest, run.traffic, options.seed, seconds=options.outage_seconds, waiting=options.waiting
        )
        await _break(options, run, system)
        async with await collect.connect(demo["database_url"]) as database:
            settled = await settle(database, run.operators)
            if options.pile:
                await _pile_up(options, run, system, database)
            chain = await audit_chain(database, system)
            found = await _found(run, settled, chain, outage, database)
            engine = {name: await collect.number(database, collect.COUNTER, name) for name in report.COUNTERS}
    (system.directory / "facts.json").write_text(json.dumps(asdict(found), default=str))
    verdicts = check(found)
    say(report.table(verdicts))
    say(report.counts(found, settled, engine, rest.answers))
    if all(one.kept for one in verdicts) and not run.traffic.refused:
        return KEPT
    say(report.misses(verdicts, found))
    say("\n".join(f"launch {line}" for line in run.traffic.refused))
    return MISSED


async def _stay_calm(options: Options, run: Run, system: System) -> None:
    say(f"{options.calm_seconds:g} s of traffic alone, to see what the processes weigh")
    async with asyncio.TaskGroup() as group:
        group.create_task(run.traffic.run(rate=options.launch_rate, seconds=options.calm_seconds))
        weighing = group.create_task(weigh(system, options.calm_seconds))
    run.memory = weighing.result()


async def _break(options: Options, run: Run, system: System) -> None:
    """Everything at once; then heal."""
    seconds = options.seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(run.traffic.run(rate=options.launch_rate, seconds=seconds))
        group.create_task(run.operators.run(rate=ACTS_RATE, seconds=seconds))
        group.create_task(run.nonsense.run(rate=NONSENSE_RATE, seconds=seconds))
        off_seconds = Random(f"{options.seed} clock").choice([-3600, 3600])
        group.create_task(system.keep_companions(seconds, clock_off_seconds=off_seconds))
        group.create_task(run.damage.run(plan(options.seed, seconds)))
    await run.damage.heal()
    say(f"{report.killed(run.damage.done)} times something was killed, frozen or emptied; waiting for the sagas to end")


async def _pile_up(options: Options, run: Run, system: System, database: collect.Connection) -> None:
    say(f"{options.pile} sagas are piled up on workers that stand still, and Valkey is emptied")
    run.piled = await pile_up(system, run.rest, database, sagas=options.pile)
    await settle(database, run.operators)


async def _found(run: Run, settled: Settled, chain: Chain, outage: Outage, database: collect.Connection) -> Facts:
    return Facts(
        acknowledged={**run.traffic.acknowledged, **(run.piled.acknowledged if run.piled else {})},
        piled=run.piled, overdue=settled.overdue, books_before=run.books_before,
        books_after=await collect.books(run.rest, run.participants),
        effects=[*await collect.effects(run.rest, run.participants), *outage.effects], outage=outage,
        damage=sorted(run.damage.done, key=lambda done: done.at), acts=run.operators.acts, chain=chain,
        nonsense=run.nonsense.answers, broken=run.rest.broken, memory=run.memory,
        **await collect.run_facts(database),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
