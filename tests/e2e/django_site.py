"""A Django project in one file, for gunicorn: `gunicorn django_site:application`.

Every answer tells the worker's pid, so that a test knows which worker did what.
"""
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(DEBUG=False, SECRET_KEY=os.urandom(16).hex(), ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=True,
                   MIDDLEWARE=["django.middleware.common.CommonMiddleware"], LOGGING_CONFIG=None)


def square(n: int) -> int:
    return n * n


def refuse(n: int) -> int:
    if n % 3 == 0:
        raise ValueError
    return n


def view(request, n):
    try:
        refuse(n)
        refused = False
    except ValueError:
        refused = True
    return JsonResponse({"pid": os.getpid(), "square": square(n), "refused": refused})


urlpatterns = [path("square/<int:n>", view)]
application = get_wsgi_application()
