"""The back-office's addresses: `/m/<slug>/…`. Every one of them is in the matrix of tests/tenancy_matrix."""

from django.urls import include, path

from backoffice import audit, invitations, keys, overview, search, staff, switcher

pages = [
    path("", overview.overview, name="overview"),
    path("overview.csv", overview.overview_csv, name="overview_csv"),
    path("overview/statuses/", overview.overview_statuses, name="overview_statuses"),
    path("search/", search.search, name="search"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit_csv"),
    path("keys/", keys.list_keys, name="keys"),
    path("keys/new/", keys.new_key, name="keys_new"),
    path("keys/<uuid:key>/rotate/", keys.rotate_key, name="keys_rotate"),
    path("keys/<uuid:key>/revoke/", keys.revoke_key, name="keys_revoke"),
    path("team/", staff.staff, name="staff"),
    path("team/<uuid:member>/", staff.staff_role, name="staff_role"),
    path("team/<uuid:member>/remove/", staff.staff_remove, name="staff_remove"),
    path("team/invitations/<uuid:invitation>/withdraw/", staff.staff_withdraw, name="staff_withdraw"),
]

urlpatterns = [
    path("", switcher.merchants, name="merchants"),
    path("invitations/<str:token>/", invitations.accept, name="invitation"),
    path("<slug:slug>/", include((pages, "backoffice"))),
]
