"""Every page of the console by name, for pictures and for the tests that look at all of them."""

from collections.abc import Mapping

PAGES = {
    "overview": "/",
    "sagas": "/sagas/",
    "sagas-stuck": "/sagas/?status=stuck&age=24h",
    "saga-stuck": "/sagas/{RETRY-ME}/",
    "saga-compensated": "/sagas/{moon}/",
    "saga-completed": "/sagas/{good}/",
    "saga-approval": "/sagas/{APPROVE-1}/",
    "compare": "/sagas/{RETRY-ME}/compare/?other={good}",
    "compare-choose": "/sagas/{RETRY-ME}/compare/",
    "saga-print": "/sagas/{RETRY-ME}/print/",
    "definitions": "/definitions/",
    "definition": "/definitions/order-with-approval/",
    "compare-versions": "/definitions/place-order/1/2/",
    "launch": "/definitions/place-order/launch/",
    "new-definition": "/new-definition/?from=place-order",
    "failure-groups": "/failure-groups/",
    "failure-groups-back": "/failure-groups/?kind=went_back",
    "failure-group": "/failure-groups/{GROUP}/",
    "bulks": "/bulk/",
    "bulk": "/bulk/{BULK}/",
    "cancel-bulk": "/bulk/{BULK}/cancel/",
    "attempt": "/sagas/{RETRY-ME}/attempts/2/compensation/1/",
    "act": "/sagas/{RETRY-ME}/acts/retry/",
    "evidence": "/sagas/{RETRY-ME}/evidence/",
    "notes": "/sagas/{RETRY-ME}/notes/",
    "messages": "/messages/",
    "message": "/messages/{MESSAGE}/",
    "webhooks": "/webhooks/",
    "participants": "/participants/",
    "workers": "/workers/",
    "fault-rules": "/failure-lab/",
    "profile": "/profile/",
    "tokens": "/profile/tokens/",
    "audit": "/audit/",
    "audit-filtered": "/audit/?act=pause",
}


def pages(sagas: Mapping[str, str]) -> dict[str, str]:
    """Their addresses in this demo."""
    known = dict(sagas) | {"good": sagas["ORDER-1041"], "moon": sagas["ORDER-1055"]}
    return {name: _filled(path, known) for name, path in PAGES.items()}


def _filled(path: str, known: Mapping[str, str]) -> str:
    for key, saga_id in known.items():
        path = path.replace(f"{{{key}}}", saga_id)
    return path
