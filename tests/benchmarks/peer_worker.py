"""`python -m tests.benchmarks.peer_worker forking|simple`: one plain RQ worker."""

import sys

from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from tests.benchmarks import peers

if __name__ == "__main__":
    worker = {"forking": Worker, "simple": SimpleWorker}[sys.argv[1]]
    worker([peers.queue()], connection=peers.redis(), serializer=JSONSerializer).work(logging_level="WARNING")
