"""Bearer tokens only: a session cookie opens nothing here, so no other site can make a browser act."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from orchestration import rate_limit, tokens
from orchestration.audit import Actor
from orchestration.triggers.rest.errors import too_many


class ApiRequest(HttpRequest):
    """A request that came in with a valid token."""

    auth: Actor


class BearerToken(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002  the library's form
        actor = tokens.authenticate(token, via="rest")
        if actor is not None and (wait := rate_limit.spend(actor)):
            raise too_many(wait)
        return actor
