"""Addresses that partners and merchants' pages use; short, because people print them."""

from django.urls import path

from redirects import views

urlpatterns = [
    path("r/<str:code>", views.follow, name="follow"),
    path("t/click", views.arrive, name="arrive"),
]
