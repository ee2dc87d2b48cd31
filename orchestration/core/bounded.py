"""JMESPath with an end: an expression that would grow without measure is stopped, and hurts one saga only."""

from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

MAX_WORK = 1_000_000
CHARACTERS = 16
_FUNCTIONS = Functions()
_HOLDS_OTHERS = (list, dict)
_MAKES_SOMETHING_NEW = frozenset(
    {"multi_select_list", "multi_select_dict", "projection", "value_projection", "filter_projection", "flatten"}
)


class TooMuchWork(ValueError):
    """The expression asks for more than `MAX_WORK`."""


class BoundedInterpreter(TreeInterpreter):
    """Counts each look at a node, and the items and text of everything that is put together or given to a function.

    Both are needed: in `[@,@]|[@,@]|...` each part is small work and shares its items with the one before, yet whoever
    writes the value down, compares it or makes a text of it meets twice as many items with each part.
    """

    def __init__(self) -> None:
        # Not the parent's: it makes the table of functions anew, which costs more than most expressions.
        self._dict_cls = dict
        self._functions = _FUNCTIONS
        self._left = MAX_WORK

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._spend(1)
        kind = node["type"]
        found = getattr(self, "visit_" + kind)(node, *args, **kwargs)
        if kind in _MAKES_SOMETHING_NEW:
            self.weigh(found)
        return found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        given = [self.visit(child, value) for child in node["children"]]
        for one in given:
            self.weigh(one)
        match node["value"], given:
            case "join", [str(between), list(texts)]:
                self._spend(len(between) * len(texts) // CHARACTERS)
        found = self._functions.call_function(node["value"], given)
        self.weigh(found)
        return found

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise TooMuchWork("it asks for too much: the data or the expression is too large")

    def weigh(self, value: Any) -> None:
        """Raises TooMuchWork. Items are counted with what holds them, texts by their length. What is shared counts
        each time."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                self._spend(len(item) // CHARACTERS)
            elif isinstance(item, _HOLDS_OTHERS):
                self._spend(len(item))
                waiting += item.values() if isinstance(item, dict) else item
