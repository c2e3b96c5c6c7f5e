"""The doors and where they stand."""

from django.urls import include, path
from django.views.generic import RedirectView

from config.health import health

handler400 = "api.problems.bad_request"
handler404 = "api.problems.not_found"
handler500 = "api.problems.server_error"

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs"), name="home"),
    path("healthz", health, name="health"),
    path("api/", include("api.urls")),
    path("", include("redirects.urls")),
]
