"""Every address of the API, grouped by resource. What is not here is a 404 problem."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from api import leads, me, problems, refunds, sales

v1: list[URLPattern | URLResolver] = [
    path("me", me.Me.as_view(), name="api_me"),
    path("sales", sales.Sales.as_view(), name="api_sales"),
    path("sales/batch", sales.SaleBatch.as_view(), name="api_sale_batch"),
    path("sales/<uuid:sale_id>", sales.SaleDetail.as_view(), name="api_sale"),
    path("refunds", refunds.Refunds.as_view(), name="api_refunds"),
    path("leads", leads.Leads.as_view(), name="api_leads"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(v1)),
    re_path(r"", problems.unknown_route, name="api_unknown"),
]
