"""Does a live participant keep the participant protocol? Calls it as the engine would, and worse."""

from orchestration.conformance.findings import PROMISES, Finding, Verdict
from orchestration.conformance.run import Stopped, check
from orchestration.conformance.subject import Asked, Subject

__all__ = ["PROMISES", "Asked", "Finding", "Stopped", "Subject", "Verdict", "check"]
