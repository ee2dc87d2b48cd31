"""Which processes a demo consists of, and what each is told."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sagaconsole.demo.options import Options
from sagaconsole.demo.service import MANAGE, Service, base_environment
from sagaconsole.demo.users import demo_secrets
from sagaconsole.embedded import EmbeddedServers
from sagaconsole.embedded.ports import HOST, free_port

DEMO_JSON = "demo.json"
PARTICIPANTS = ("orders", "payments", "inventory", "shipping")


@dataclass
class Plan:
    """The processes of one demo. `set_up` runs once, in order; each portion's processes run side by side."""

    options: Options
    directory: Path
    port: int
    servers: EmbeddedServers
    participant_urls: dict[str, str] = field(init=False)
    participants: dict[str, Service] = field(init=False)
    web: Service = field(init=False)
    grpc_address: str = field(init=False)
    payments_by_grpc: str = field(init=False)
    grpc: Service = field(init=False)
    amqp_url: str = field(init=False)
    consumers: list[Service] = field(init=False)
    dispatcher: Service = field(init=False)
    workers: list[Service] = field(init=False)
    housekeeping: Service = field(init=False)
    traffic: list[Service] = field(init=False)

    def __post_init__(self) -> None:
        self.amqp_url = os.environ.get("AMQP_URL", "")
        ports = {name: free_port() for name in PARTICIPANTS}
        self.participant_urls = {name: f"http://{HOST}:{port}" for name, port in ports.items()}
        self.grpc_address, self.payments_by_grpc = f"{HOST}:{free_port()}", f"{HOST}:{free_port()}"
        self.participants = {name: self._participant(name, port) for name, port in ports.items()}
        self.web = self._console("web", *web_command(self.port))
        self.grpc = self._console("grpc", *MANAGE, "grpc")
        self.consumers = [self._console("consumer", *MANAGE, "consume")] if self.amqp_url else []
        self.dispatcher = self._console("dispatcher", *MANAGE, "dispatcher")
        self.workers = [
            self._console(f"worker-{number}", *MANAGE, "work") for number in range(1, self.options.workers + 1)
        ]
        self.housekeeping = self._console("housekeeping", *MANAGE, "work", "--queue", "housekeeping")
        self.traffic = [self._traffic()] if self.options.traffic else []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def start_queue(self) -> str:
        return f"{os.environ.get('AMQP_PREFIX', 'saga')}.start"

    @property
    def other_urls(self) -> dict[str, str]:
        """Participants that are known a second time, by another transport."""
        by_amqp = {"shipping-amqp": _without_user(self.amqp_url)} if self.amqp_url else {}
        return {"payments-grpc": f"grpc://{self.payments_by_grpc}", **by_amqp}

    @property
    def services(self) -> list[Service]:
        """All long-running processes but the servers."""
        console = [self.web, self.grpc, *self.consumers, self.dispatcher, *self.workers, self.housekeeping]
        return [*self.participants.values(), *console, *self.traffic]

    @property
    def signs_of_life(self) -> dict[str, Service]:
        """Addresses that answer 200 when everything works, and whose log to look at when one does not.

        The console's `/readyz` speaks for the workers and the dispatcher as well.
        """
        return {f"{self.participant_urls[name]}/healthz": service for name, service in self.participants.items()} | {
            f"{self.url}/readyz": self.web,
            f"tcp://{self.grpc_address}": self.grpc,
            f"tcp://{self.payments_by_grpc}": self.participants["payments"],
        }

    def set_up(self) -> list[list[Service]]:
        prepare = [self._console("migrate", *MANAGE, "migrate", "--no-input", "--verbosity", "0")]
        prepare.extend(self._participant(name, 0, "migrate") for name in PARTICIPANTS)
        seed = self._console(
            "seed", *MANAGE, "seed_demo",
            "--data-dir", str(self.directory), "--participants", json.dumps(self.participant_urls | self.other_urls),
        )  # fmt: skip
        return [prepare, [seed]]

    def _console(self, name: str, *argv: str) -> Service:
        environment = base_environment(
            DATABASE_URL=self.servers.database_url,
            REDIS_URL=self.servers.redis_url,
            SECRET_KEY=demo_secrets(self.directory).get("secret key", random_bytes=48),
            SAGA_DEMO="1",
            SAGA_GRPC_ADDRESS=self.grpc_address,
            SAGA_PUBLIC_URL=self.url,
            SAGA_PARTICIPANT_HOSTS=",".join(["127.0.0.1", "localhost", *self._broker_hosts()]),
            SAGA_WEBHOOK_HOSTS="127.0.0.1,localhost",
            ALLOWED_HOSTS="127.0.0.1,localhost",
            DEBUG="0",
            TIME_ZONE="UTC",
        )
        return Service(name=name, argv=argv, environment=environment, log=self._log(name))

    def _participant(self, name: str, port: int, *command: str) -> Service:
        label = "-".join([name, *command])
        return Service(
            name=label,
            argv=[sys.executable, "-m", "participants_demo", name, *command],
            environment=base_environment(
                DATABASE_URL=self.servers.create_database(name, owner=name),
                PORT=str(port),
                GRPC_ADDRESS=self.payments_by_grpc if name == "payments" else "",
                AMQP_URL=self.amqp_url if name == "shipping" else "",
            ),
            log=self._log(label),
        )

    def _broker_hosts(self) -> list[str]:
        """shipping is called through the broker of AMQP_URL, wherever it is."""
        return [host] if self.amqp_url and (host := urlsplit(self.amqp_url).hostname) else []

    def _traffic(self) -> Service:
        """It waits for demo.json and reads the address and the token there."""
        about = ["--demo-json", str(self.directory / DEMO_JSON), "--rate", str(self.options.traffic)]
        return Service(
            name="traffic",
            argv=[sys.executable, "-m", "sagaconsole.demo.traffic", *about],
            environment=base_environment(),
            log=self._log("traffic"),
        )

    def _log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"


def web_command(port: int) -> list[str]:
    """The console's web process."""
    return [
        sys.executable, "-m", "uvicorn", "sagaconsole.asgi:application", "--host", HOST, "--port", str(port),
        "--lifespan", "off", "--timeout-graceful-shutdown", "3", "--no-access-log",
    ]  # fmt: skip


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
