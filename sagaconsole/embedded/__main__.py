"""`python -m sagaconsole.embedded`: PostgreSQL and Valkey for development, in the foreground until Ctrl-C.

Writes what the console needs to know to `<data-dir>/environment` (0600), for a shell to read.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from sagaconsole.embedded import EmbeddedServerError, EmbeddedServers
from sagaconsole.embedded.secrets_file import SecretsFile

_STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sagaconsole.embedded", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".cache/servers"))
    data_dir = parser.parse_args().data_dir
    try:
        with EmbeddedServers(data_dir) as servers:
            # Only now: children inherit what is blocked.
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
            path = _write_environment(servers)
            sys.stdout.write(f"PostgreSQL and Valkey run until Ctrl-C. For a shell: set -a; . {path}; set +a\n")
            sys.stdout.flush()
            signal.sigwait(_STOPPING)
    except EmbeddedServerError as error:
        sys.stderr.write(f"servers: {error}\n")
        return 1
    return 0


def _write_environment(servers: EmbeddedServers) -> Path:
    values = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": SecretsFile(servers.data_dir / "secrets.json").get("secret key", random_bytes=48),
        "DEBUG": "1",
        "SAGA_ALLOW_FAULTS": "1",
        "SAGA_PARTICIPANT_HOSTS": "127.0.0.1,localhost",
    }
    path = servers.data_dir / "environment"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in values.items())
    return path


if __name__ == "__main__":
    sys.exit(main())
