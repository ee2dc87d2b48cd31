"""The tables of the shared kit; each participant has them in its own database."""

from participants_demo.barrier import Barrier
from participants_demo.ledger import LedgerEntry

__all__ = ["Barrier", "LedgerEntry"]
