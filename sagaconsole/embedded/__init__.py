"""PostgreSQL and Valkey out of wheels, for the demo, development and tests. Production brings its own servers."""

from sagaconsole.embedded.errors import EmbeddedServerError
from sagaconsole.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedServerError", "EmbeddedServers"]
