"""What the demo tells: demo.json for programs, a page of text for people."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sagaconsole.demo.plan import DEMO_JSON, Plan
from sagaconsole.demo.users import demo_users

ENVIRONMENT = "environment"
_MAY = {
    "viewer": "look at everything",
    "operator": "launch and repair sagas",
    "admin": "everything, also fault rules, participants, definitions and users",
}


_FOR_A_SHELL = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "TIME_ZONE")


def write_demo_json(plan: Plan) -> None:
    """Write `<data-dir>/demo.json`, for programs, and `<data-dir>/environment`, for a shell that runs `manage.py`."""
    _write(plan.directory / ENVIRONMENT, for_a_shell(plan.web.environment))
    _write(plan.directory / DEMO_JSON, json.dumps(_facts(plan), indent=2) + "\n")


def for_a_shell(environment: Mapping[str, str]) -> str:
    """Our variables, as a shell reads them."""
    told = {
        name: value
        for name, value in environment.items()
        if name in _FOR_A_SHELL or name.startswith(("SAGA_", "AMQP_"))
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items())


def _write(path: Path, text: str) -> None:
    """For its owner only (0600), and as a whole: a reader never sees half of it."""
    aside = path.with_name(f"{path.name}.new")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    aside.rename(path)


def remove_demo_json(directory: Path) -> None:
    """While the file is there, everything runs."""
    (directory / DEMO_JSON).unlink(missing_ok=True)


def welcome(plan: Plan) -> str:
    """Where to look, who may sign in, and what to try."""
    users = demo_users(plan.directory)
    table = "\n".join(f"    {user.username:10}{user.password:18}{_MAY[role]}" for role, user in users.items())
    return f"""
sagaconsole runs at {plan.url}/

  Sign in as
{table}

  What to try
    1. As operator, launch "Place an order" and watch its steps.
    2. Launch it with the region "moon": nobody delivers there, and every step before is undone, newest first.
    3. As admin, add a fault rule that refuses the compensation of charge-card, launch to the moon once more,
       and repair what is stuck.
    4. Launch "Place an order that may need approval" with 50000 cents or more, and approve it, or reject it.
    5. Kill a worker (kill -9 {plan.workers[0].pid}): its sagas go on, and it is started again.
    6. From the shell: curl -H 'Authorization: Bearer {users["viewer"].api_token}' {plan.url}/api/v1/sagas
    7. Over gRPC: sagaconsole.v1.Sagas at {plan.grpc_address} (no TLS; reflection is on; the same tokens).
    8. {_by_message(plan)}

  For manage.py in another terminal: set -a; . {plan.directory / ENVIRONMENT}; set +a
  Addresses, tokens and process ids: {plan.directory / DEMO_JSON}
  Logs: {plan.directory / "logs"}
  Ctrl-C stops everything; the data stays for the next start.
"""


def _by_message(plan: Plan) -> str:
    if not plan.amqp_url:
        return "By message: set AMQP_URL to a RabbitMQ, and the demo starts a consumer too."
    return f"By message: send one to the queue {plan.start_queue} of the RabbitMQ in AMQP_URL; a consumer takes it."


def _facts(plan: Plan) -> dict[str, Any]:
    users = demo_users(plan.directory)
    return {
        "url": plan.url,
        "users": {role: asdict(user) for role, user in users.items()},
        "api_token": users["admin"].api_token,
        "grpc": plan.grpc_address,
        "start_queue": plan.start_queue if plan.amqp_url else None,
        "participants": plan.participant_urls,
        "database_url": plan.servers.database_url,
        "redis_url": plan.servers.redis_url,
        "pids": _pids(plan),
    }


def _pids(plan: Plan) -> dict[str, Any]:
    return {
        "supervisor": os.getpid(),
        "web": plan.web.pid,
        "grpc": plan.grpc.pid,
        "consumers": [consumer.pid for consumer in plan.consumers],
        "dispatcher": plan.dispatcher.pid,
        "workers": [worker.pid for worker in plan.workers],
        "housekeeping": plan.housekeeping.pid,
        "postgres": plan.servers.postgres_pid,
        "valkey": plan.servers.valkey_pid,
        "participants": {name: service.pid for name, service in plan.participants.items()},
        "traffic": [service.pid for service in plan.traffic],
    }
