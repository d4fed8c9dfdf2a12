"""Settings of the benchmark's site: nothing outside the process."""

SECRET_KEY = "only-for-the-benchmark"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "shopsite.urls"
INSTALLED_APPS = ["django.contrib.sessions", "shopsite"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "OPTIONS": {
        "context_processors": ["django.template.context_processors.request"],
        "loaders": [("django.template.loaders.cached.Loader", ["shopsite.pages.Loader"])],
    },
}]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
