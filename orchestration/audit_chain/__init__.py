"""The audit's hash chain: each sealed row carries a digest over itself and the one before, so a change shows."""

from orchestration.audit_chain.patrol import State, patrol, state
from orchestration.audit_chain.sealing import seal
from orchestration.audit_chain.verifying import Broken, Kind, Verified, verify

__all__ = ["Broken", "Kind", "State", "Verified", "patrol", "seal", "state", "verify"]
