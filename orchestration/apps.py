from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class OrchestrationConfig(AppConfig):
    name = "orchestration"
    verbose_name = "Sagas"

    def ready(self) -> None:
        for module in settings.SAGA_FUNCTION_MODULES:
            import_module(module)
        from orchestration import roles, sub_sagas  # noqa: PLC0415  Django imports this module before the apps are ready

        sub_sagas.serve()
        # Last in the chain of receivers, so the permissions that the groups need exist.
        post_migrate.connect(roles.make_groups, sender=self, dispatch_uid="roles")
