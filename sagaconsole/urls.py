"""Every address of the web process."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from sagaconsole import health, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/", include("orchestration.triggers.rest.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("account/", include("orchestration.console.account_urls")),
    path("", include("orchestration.console.urls")),
]

handler500 = "orchestration.console.errors.server_error"
