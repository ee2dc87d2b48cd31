"""Helper process of test_embedded: runs the servers in argv[1] until its input ends, as account argv[2] if given.

Prints one line of JSON when both answer. The modules are loaded before the account is changed, because the new account
may not be allowed to read the interpreter's own files.
"""

import encodings.idna  # noqa: F401  else loaded at the first connection
import json
import os
import pwd
import sys
from pathlib import Path

import psycopg
import redis

from sagaconsole.embedded import EmbeddedServers


def main() -> None:
    if len(sys.argv) > 2:
        become(sys.argv[2])
    with EmbeddedServers(Path(sys.argv[1])) as servers:
        psycopg.connect(servers.database_url).close()
        redis.Redis.from_url(servers.redis_url).ping()
        facts = {
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "pids": [servers.postgres_pid, servers.valkey_pid],
        }
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def become(name: str) -> None:
    account = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    main()
