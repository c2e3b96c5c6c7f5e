"""The operators' addresses: about the installation here, about a merchant behind its slug."""

from django.urls import path

from operators import deeds
from operators.door import of_merchant
from operators.site import installation

urlpatterns = [
    path("m/<slug:slug>/", of_merchant, name="operators_merchant"),
    path("m/<slug:slug>/<path:rest>", of_merchant, name="operators_merchant_page"),
    path("users/<uuid:row>/deactivate/", deeds.deactivate, name="operators_deactivate"),
    path("users/<uuid:row>/reactivate/", deeds.reactivate, name="operators_reactivate"),
    path("users/<uuid:row>/second-factor/", deeds.second_factor, name="operators_second_factor"),
    path("", installation.urls),
]
