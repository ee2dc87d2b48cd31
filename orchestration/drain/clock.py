"""One clock: the database's time that the last statement returned, plus the monotonic time since."""

import time
from datetime import UTC, datetime, timedelta


class DatabaseClock:
    """Never reads the worker's wall clock."""

    def __init__(self) -> None:
        self._at = datetime.min.replace(tzinfo=UTC)
        self._monotonic = 0.0

    def sync(self, database_now: datetime) -> None:
        """The database has just said what time it is."""
        self._monotonic = time.monotonic()
        self._at = database_now

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._monotonic)
