"""The portal's addresses: `/p/<portal code>/…`. The code finds the partner and is no secret."""

from django.urls import URLPattern

app_name = "portal"
urlpatterns: list[URLPattern] = []
