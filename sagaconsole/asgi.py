"""The ASGI application that uvicorn serves."""

import os
import sys

from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sagaconsole.settings")
os.environ.setdefault("DATABASE_POOL", "10")

try:
    application = get_asgi_application()
    from orchestration.reachable import check_servers  # the apps had to be loaded first

    check_servers()
except ImproperlyConfigured as error:
    sys.exit(f"sagaconsole: {error}")
