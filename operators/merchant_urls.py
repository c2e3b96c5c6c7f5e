"""What is behind `/admin/m/<slug>/`; see `operators.door`."""

from django.contrib import admin
from django.urls import path

from operators.deeds import revoke_key

urlpatterns = [
    path("apikey/<uuid:row>/revoke/", revoke_key, name="revoke_key"),
    path("", admin.site.urls),
]
