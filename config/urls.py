"""The doors and where they stand."""

from django.urls import include, path
from django.views.generic import RedirectView

from config.health import health
from config.outbox import message, outbox
from pages.asset_files import banner
from pages.logo import logo

handler400 = "api.problems.bad_request"
handler404 = "api.problems.not_found"
handler500 = "api.problems.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="merchants"), name="home"),
    path("healthz", health, name="health"),
    path("logo/<slug:slug>", logo, name="logo"),
    path("banner/<str:code>/<uuid:asset>", banner, name="banner"),
    path("mail/", outbox, name="outbox"),
    path("mail/<str:name>/", message, name="outbox_message"),
    path("api/", include("api.urls")),
    path("accounts/", include("allauth.urls")),
    path("m/", include("backoffice.urls")),
    path("p/", include("partner_portal.urls")),
    path("apply/", include("apply.urls")),
    path("admin/", include("operators.urls")),
    path("", include("redirects.urls")),
]
