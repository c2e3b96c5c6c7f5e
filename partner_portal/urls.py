"""The portal's addresses: `/p/<portal code>/…`. The code finds the partner and is no secret."""

from django.urls import include, path

from partner_portal import (
    assets,
    brand,
    customers,
    earnings,
    gate,
    home,
    jobs,
    links,
    news,
    payouts,
    recruits,
    settings,
    terms,
)
from partner_portal.exports import csv_page, xlsx_page

app_name = "portal"

pages = [
    path("", home.home, name="home"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings.csv", csv_page(earnings.EXPORT), name="earnings_csv"),
    path("earnings.xlsx", xlsx_page(earnings.EXPORT), name="earnings_xlsx"),
    path("earnings/<uuid:commission>/", earnings.earnings_detail, name="earnings_detail"),
    path("customers/", customers.customers, name="customers"),
    path("links/", links.links, name="links"),
    path("links/<uuid:link>/qr.svg", links.link_qr, name="links_qr"),
    path("recruits/", recruits.recruits, name="recruits"),
    path("payouts/", payouts.payouts, name="payouts"),
    path("payouts.csv", csv_page(payouts.EXPORT), name="payouts_csv"),
    path("payouts.xlsx", xlsx_page(payouts.EXPORT), name="payouts_xlsx"),
    path("payouts/<uuid:payout>/", payouts.payouts_detail, name="payouts_detail"),
    path("files/", jobs.jobs, name="jobs"),
    path("files/<uuid:file>/", jobs.jobs_detail, name="jobs_detail"),
    path("files/<uuid:file>/file/", jobs.jobs_file, name="jobs_file"),
    path("assets/", assets.assets, name="assets"),
    path("assets/<uuid:asset>/file/", assets.assets_file, name="assets_file"),
    path("news/", news.news, name="news"),
    path("news/<uuid:announcement>/", news.news_detail, name="news_detail"),
    path("settings/", settings.settings, name="settings"),
    path("settings/profile/", settings.settings_profile, name="settings_profile"),
    path("settings/password/", settings.settings_password, name="settings_password"),
    path("settings/sign-out-everywhere/", settings.settings_sign_out, name="settings_sign_out"),
    path("settings/news/", news.settings_news, name="settings_news"),
    path("terms/", terms.terms, name="terms"),
    path("sign-in/", gate.sign_in, name="sign_in"),
    path("sign-out/", gate.sign_out, name="sign_out"),
    path("link/", gate.link, name="link"),
    path("unsubscribe/<str:token>/", news.unsubscribe_page, name="unsubscribe"),
    path("activate/<str:token>/", gate.activate, name="activate"),
    path("brand.css", brand.brand, name="brand"),
]

urlpatterns = [path("<slug:code>/", include(pages))]
