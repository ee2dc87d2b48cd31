"""`python -m tests.benchmarks.peers.rq_worker forking|simple`: one plain RQ worker."""

import sys

from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from tests.benchmarks.peers import rq_jobs

if __name__ == "__main__":
    worker = {"forking": Worker, "simple": SimpleWorker}[sys.argv[1]]
    worker([rq_jobs.queue()], connection=rq_jobs.redis(), serializer=JSONSerializer).work(logging_level="WARNING")
