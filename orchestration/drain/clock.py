"""One clock: the database's time that the last statement returned, plus the monotonic time since."""

import time
from datetime import UTC, datetime, timedelta


class DatabaseClock:
    """Never reads the worker's wall clock."""

    def __init__(self) -> None:
        self._at = datetime.min.replace(tzinfo=UTC)
        self._monotonic = time.monotonic()

    def sync(self, database_now: datetime) -> None:
        """The database has just said what time it is."""
        self._at = max(database_now, self.now())  # the answer took its time to arrive; never step back
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._monotonic)
