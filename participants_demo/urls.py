"""The paths of the participant that this process is."""

from importlib import import_module

from django.urls import path

from participants_demo import views
from participants_demo.service import Service
from participants_demo.service_settings import PARTICIPANT

_service: Service = import_module(f"participants_demo.{PARTICIPANT}.service").SERVICE

urlpatterns = [
    *(path(name, views.action(verb)) for name, verb in _service.actions.items()),
    *(path(name, views.compensation(verb)) for name, verb in _service.compensations.items()),
    path("status", views.status),
    path("ledger", views.ledger_page),
    path("balances", views.balances_of(_service)),
    path("healthz", views.healthz),
    *_service.more_urls,
]
handler404 = views.not_found
handler500 = views.broken
