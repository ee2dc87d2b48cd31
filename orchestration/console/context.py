"""What every page shows around its content: who is here and what they may do, faults in force, what needs attention."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from orchestration.console import preferences, shell


def console(request: HttpRequest) -> dict[str, Any]:
    """Context of every page. Anonymous pages get the theme and the demo flag only."""
    context: dict[str, Any] = {"is_demo": settings.SAGA_IS_DEMO, "theme": shell.theme(request)}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    return context | {
        "may": shell.Rights(user),
        "section": shell.section(request),
        "role": shell.role(user),
        "shell": shell.Shell(user),
        "script_words": shell.script_words(),
        "shortcuts": preferences.of_request(request).shortcuts,
    }
