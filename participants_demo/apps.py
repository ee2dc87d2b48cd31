from django.apps import AppConfig


class ParticipantsDemoConfig(AppConfig):
    """The shared kit: the barrier and the ledger tables that every participant has in its own database."""

    name = "participants_demo"
    default_auto_field = "django.db.models.BigAutoField"
