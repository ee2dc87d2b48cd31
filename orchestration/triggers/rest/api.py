"""The API as one object: routers, authentication, error handling, OpenAPI."""

from orchestration.triggers.rest import (
    acts,
    bulk,
    callbacks,
    definitions,
    drafts,
    errors,
    faults,
    participants,
    sagas,
    webhooks,
)
from orchestration.triggers.rest.auth import BearerToken
from orchestration.triggers.rest.openapi import DescribedAPI
from orchestration.triggers.rest.requests import StrictParser

api = DescribedAPI(
    title="sagaconsole",
    version="1",
    description="Launch, watch and repair sagas.",
    urls_namespace="api",
    auth=BearerToken(),
    parser=StrictParser(),
)
errors.install(api)
api.add_router("/sagas", sagas.router)
api.add_router("/sagas", acts.router)
api.add_router("/bulk", bulk.router)
api.add_router("/definitions", definitions.router)
api.add_router("/drafts", drafts.router)
api.add_router("/participants", participants.router)
api.add_router("/faults", faults.router)
api.add_router("/webhooks", webhooks.router)
api.add_router("/callbacks", callbacks.router)
