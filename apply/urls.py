"""The public addresses of programs: `/apply/<slug>/…` for the default one, with its id behind for another."""

from django.urls import include, path

from apply import views

app_name = "apply"

pages = [
    path("", views.form, name="page"),
    path("sent/", views.after, name="sent"),
    path("confirm/<uuid:application>/<str:token>/", views.confirm, name="confirm"),
    path("brand.css", views.brand, name="brand"),
]

urlpatterns = [path("<slug:slug>/", include(pages)), path("<slug:slug>/<uuid:program>/", include(pages))]
