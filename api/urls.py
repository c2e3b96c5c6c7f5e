"""Every address of the API, grouped by resource. What is not here is a 404 problem."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from api import me, problems

v1: list[URLPattern | URLResolver] = [
    path("me", me.Me.as_view(), name="api_me"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(v1)),
    re_path(r"", problems.unknown_route, name="api_unknown"),
]
