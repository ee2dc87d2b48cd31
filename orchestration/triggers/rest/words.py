"""Text of which the OpenAPI document says more than that it is text. What is wrong with it, the services say."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import WithJsonSchema

from orchestration.core.definitions import NAME


def words(all_of_them: Iterable[str], *more: str) -> WithJsonSchema:
    """One of the words. What is stored is not checked once more on its way out."""
    return WithJsonSchema({"type": "string", "enum": [*more, *(str(word) for word in all_of_them)]})


def text(**said: Any) -> WithJsonSchema:
    """Text with what JSON Schema says of it."""
    return WithJsonSchema({"type": "string", **said})


SagaId = Annotated[str, text(format="uuid")]
BulkId = Annotated[str, text(format="uuid")]
PathName = Annotated[str, text(pattern=f"^{NAME.pattern}$", maxLength=64)]
SomeName = Annotated[str, text(pattern=f"^({NAME.pattern})?$", maxLength=64)]
RuleId = Annotated[str, text(pattern="^[0-9]{1,18}$")]
Version = Annotated[str, text(pattern="^[0-9]{1,10}$")]
