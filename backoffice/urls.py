"""The back-office's addresses: `/m/<slug>/…`. Every one of them is in the matrix of tests/tenancy_matrix."""

from django.urls import include, path

from backoffice import overview, search, switcher

pages = [
    path("", overview.overview, name="overview"),
    path("overview.csv", overview.overview_csv, name="overview_csv"),
    path("overview/statuses/", overview.overview_statuses, name="overview_statuses"),
    path("search/", search.search, name="search"),
]

urlpatterns = [
    path("", switcher.merchants, name="merchants"),
    path("<slug:slug>/", include((pages, "backoffice"))),
]
