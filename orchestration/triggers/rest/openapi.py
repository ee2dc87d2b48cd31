"""What the OpenAPI document says beyond what the routes say: why a request was refused, and when to come again."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

_SECONDS = {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
_REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "400": ("A field or parameter is wrong; `fields` says which and why.", {}),
    "401": ("No token, or one that is unknown, expired or revoked.", {
        "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}}),
    "403": ("The token may not do this.", {}),
    "404": ("There is no such thing.", {}),
    "409": ("It does not fit what is there now; nothing was changed.", {}),
    "413": ("The body, or a part of it, is too large.", {}),
    "415": ("The body has another content type.", {}),
    "422": ("The idempotency key came before, with another body.", {}),
    "429": ("Too many requests with this token.", {"Retry-After": _SECONDS}),
    "503": ("The database cannot be reached; whether it was done is unknown.", {"Retry-After": _SECONDS}),
}  # fmt: skip


class DescribedAPI(NinjaAPI):
    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> OpenAPISchema:
        """The document of the library, with each refusal described."""
        document = super().get_openapi_schema(*args, **kwargs)
        for path in document["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    _describe(str(status), response)
        return document


def _describe(status: str, response: dict[str, Any]) -> None:
    if status in _REFUSALS:
        response["description"], headers = _REFUSALS[status]
        if headers:
            response["headers"] = headers
