"""The ASGI application of the participant that the environment names."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
