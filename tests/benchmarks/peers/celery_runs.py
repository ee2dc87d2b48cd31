"""Runs of Celery chains on the same Valkey, in a database of their own. Its best mode here: two prefetching workers."""

from urllib.parse import urlsplit

from redis import Redis

from tests.benchmarks.bed import Bed
from tests.benchmarks.catalogue import WORKERS
from tests.benchmarks.costs import Meter
from tests.benchmarks.peers import installing
from tests.benchmarks.results import Run

PROGRAM = "tests.benchmarks.peers.celery_program"
BEGAN, ENDED, DONE = "bench-celery-began", "bench-celery-ended", "bench-celery-done"
_WORKER = ("worker", "--pool", "solo", "--loglevel", "WARNING", "--without-gossip", "--without-mingle")


class CeleryChain:
    """Raises LeftOut when it cannot be installed."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._python = installing.python()
        self._url = urlsplit(bed.servers.redis_url)._replace(path="/1").geturl()

    def preloaded(self, count: int) -> Run:
        """All chains are in the queue before two workers start; measured from the first start to the last end."""
        environment = {"PEER_REDIS_URL": self._url}
        with Redis.from_url(self._url) as marks:
            marks.flushdb()
            enqueue = ("celery-enqueue", self._python, "-m", PROGRAM, str(count))
            self._bed.run_to_end([enqueue], environment=environment)
            command = (self._python, "-m", "celery", "-A", PROGRAM, *_WORKER)
            workers = [(f"celery-{one}", *command, "--hostname", f"bench-{one}") for one in range(WORKERS)]
            with self._bed.running(workers, environment=environment):
                meter = Meter(self._bed)
                self._bed.wait_until(lambda: int(marks.get(DONE) or 0) >= count, "Celery has ended all")
                costs = meter.read()
            return Run(count, count / (float(marks[ENDED]) - float(marks[BEGAN])), costs)
