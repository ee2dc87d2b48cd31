"""What a saga that may not go on now is parked on: the names of the queues, as its page and the API say them."""

PARTICIPANT, CONCURRENCY, LOCK = "participant:", "concurrency:", "lock:"
LONGEST = 128


def participant(name: str) -> str:
    """For a call to this participant: it is paused, its circuit is open, or all calls that it may have are out."""
    return PARTICIPANT + name


def concurrency(definition: str) -> str:
    """For a place among the sagas of this definition that are in flight."""
    return CONCURRENCY + definition


def lock(value: str) -> str:
    """For the saga that holds the lock of this value. Long values are cut: the saga's own row has all of it."""
    return (LOCK + value)[:LONGEST]
