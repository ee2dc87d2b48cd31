"""Many sagas at once, for trying things on large tables: stories played once by the engine's own rules, then copied."""

from orchestration.filling.copying import TABLES, fill
from orchestration.filling.stories import NAME, TRIGGER

__all__ = ["NAME", "TABLES", "TRIGGER", "fill"]
