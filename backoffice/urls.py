"""The back-office's addresses: `/m/<slug>/…`. Every one of them is in the matrix of tests/tenancy_matrix."""

from django.urls import include, path

from backoffice import (
    applications,
    audit,
    groups,
    invitations,
    jobs,
    keys,
    mail,
    orders,
    overview,
    review,
    search,
    settings,
    staff,
    switcher,
)
from backoffice.commissions import bulk as commissions_bulk
from backoffice.commissions import detail as commission
from backoffice.commissions import list as commissions
from backoffice.commissions import paid
from backoffice.customers import belonging, record
from backoffice.customers import editor as customer
from backoffice.customers import list as customers
from backoffice.exports import csv_page, xlsx_page
from backoffice.outreach import announcements, assets
from backoffice.partners import applicant, bulk, codes, create, editor, recruits
from backoffice.partners import list as partners
from backoffice.payouts import history, outstanding
from backoffice.rules import history as tried
from backoffice.rules import pages as rules
from backoffice.rules import recruiting
from merchants.roles import Permission

_VIEW, _VIEW_PAYOUTS, _VIEW_AUDIT = Permission.VIEW, Permission.VIEW_PAYOUTS, Permission.VIEW_AUDIT

pages = [
    path("", overview.overview, name="overview"),
    path("overview.csv", overview.overview_csv, name="overview_csv"),
    path("overview/statuses/", overview.overview_statuses, name="overview_statuses"),
    path("search/", search.search, name="search"),
    path("partners/", partners.partners, name="partners"),
    path("partners.csv", csv_page(_VIEW, partners.EXPORT), name="partners_csv"),
    path("partners.xlsx", xlsx_page(_VIEW, partners.EXPORT), name="partners_xlsx"),
    path("partners/new/", create.partners_new, name="partners_new"),
    path("partners/bulk/", bulk.partners_bulk, name="partners_bulk"),
    path("partners/<uuid:partner>/", editor.partners_detail, name="partners_detail"),
    path("partners/<uuid:partner>/application/", applicant.partners_application, name="partners_application"),
    path("partners/<uuid:partner>/settings/", editor.partners_settings, name="partners_settings"),
    path("partners/<uuid:partner>/reward/", editor.partners_reward, name="partners_reward"),
    path("partners/<uuid:partner>/activation/", editor.partners_activation, name="partners_activation"),
    path("partners/<uuid:partner>/recruits/", recruits.partners_recruits, name="partners_recruits"),
    path("partners/<uuid:partner>/activity/", editor.partners_activity, name="partners_activity"),
    path("partners/<uuid:partner>/approve/", applicant.partners_status, {"action": "approve"}, name="partners_approve"),
    path("partners/<uuid:partner>/reject/", applicant.partners_status, {"action": "reject"}, name="partners_reject"),
    path("partners/<uuid:partner>/suspend/", applicant.partners_status, {"action": "suspend"}, name="partners_suspend"),
    path("partners/<uuid:partner>/codes/", codes.partners_codes, name="partners_codes"),
    path("partners/<uuid:partner>/codes/<uuid:coupon>/", codes.partners_code, name="partners_code"),
    path("partners/<uuid:partner>/<str:kind>/<uuid:item>/switch/", codes.partners_switch, name="partners_switch"),
    path("partners/<uuid:partner>/links/<uuid:link>/qr.svg", codes.partners_qr, name="partners_qr"),
    path("groups/", groups.groups, name="groups"),
    path("groups/new/", groups.groups_new, name="groups_new"),
    path("groups/<uuid:group>/", groups.groups_detail, name="groups_detail"),
    path("groups/<uuid:group>/delete/", groups.groups_delete, name="groups_delete"),
    path("customers/", customers.customers, name="customers"),
    path("customers.csv", csv_page(_VIEW, customers.EXPORT), name="customers_csv"),
    path("customers.xlsx", xlsx_page(_VIEW, customers.EXPORT), name="customers_xlsx"),
    path("customers/new/", customer.customers_new, name="customers_new"),
    path("customers/<uuid:customer>/", customer.customers_detail, name="customers_detail"),
    path("customers/<uuid:customer>/stats/", customer.customers_stats, name="customers_stats"),
    path("customers/<uuid:customer>/timeline/", customer.customers_timeline, name="customers_timeline"),
    path("customers/<uuid:customer>/orders/new/", record.customers_record, name="customers_record"),
    path("customers/<uuid:customer>/partner/", belonging.customers_reattribute, name="customers_reattribute"),
    path("customers/<uuid:customer>/keys/new/", belonging.customers_key_add, name="customers_key_add"),
    path(
        "customers/<uuid:customer>/keys/<uuid:provider_key>/remove/",
        belonging.customers_key_remove,
        name="customers_key_remove",
    ),
    path("customers/<uuid:customer>/delete/", customer.customers_delete, name="customers_delete"),
    path("orders/", orders.orders, name="orders"),
    path("orders.csv", csv_page(_VIEW, orders.EXPORT), name="orders_csv"),
    path("orders.xlsx", xlsx_page(_VIEW, orders.EXPORT), name="orders_xlsx"),
    path("orders/deleted/", orders.orders_deleted, name="orders_deleted"),
    path("orders/<uuid:order>/delete/", orders.orders_delete, name="orders_delete"),
    path("orders/<uuid:order>/", orders.orders_detail, name="orders_detail"),
    path("orders/<uuid:order>/refund/", orders.orders_refund, name="orders_refund"),
    path("commissions/", commissions.commissions, name="commissions"),
    path("commissions.csv", csv_page(_VIEW, commissions.EXPORT), name="commissions_csv"),
    path("commissions.xlsx", xlsx_page(_VIEW, commissions.EXPORT), name="commissions_xlsx"),
    path("commissions/new/", commission.commissions_new, name="commissions_new"),
    path("commissions/paid/", paid.commissions_paid, name="commissions_paid"),
    path("commissions/unpaid/", paid.commissions_unpaid, name="commissions_unpaid"),
    path(
        "commissions/reject/",
        commissions_bulk.commissions_decide,
        {"action": "reject"},
        name="commissions_reject_many",
    ),
    path(
        "commissions/restore/",
        commissions_bulk.commissions_decide,
        {"action": "restore"},
        name="commissions_restore_many",
    ),
    path("commissions/<uuid:commission>/restore/", commission.commissions_restore, name="commissions_restore"),
    path("commissions/<uuid:commission>/", commission.commissions_detail, name="commissions_detail"),
    path("commissions/<uuid:commission>/payment/", paid.commissions_payment, name="commissions_payment"),
    path("commissions/<uuid:commission>/adjust/", commission.commissions_adjust, name="commissions_adjust"),
    path("commissions/<uuid:commission>/reject/", commission.commissions_reject, name="commissions_reject"),
    path("commissions/<uuid:commission>/release/", commission.commissions_release, name="commissions_release"),
    path("assets/", assets.assets, name="assets"),
    path("assets/new/", assets.assets_new, name="assets_new"),
    path("assets/<uuid:asset>/", assets.assets_detail, name="assets_detail"),
    path("assets/<uuid:asset>/file/", assets.assets_file, name="assets_file"),
    path("assets/<uuid:asset>/archive/", assets.assets_archive, name="assets_archive"),
    path("assets/<uuid:asset>/move/", assets.assets_move, name="assets_move"),
    path("assets/<uuid:asset>/delete/", assets.assets_delete, name="assets_delete"),
    path("announcements/", announcements.announcements, name="announcements"),
    path("announcements/new/", announcements.announcements_new, name="announcements_new"),
    path("announcements/<uuid:announcement>/", announcements.announcements_detail, name="announcements_detail"),
    path(
        "announcements/<uuid:announcement>/publish/", announcements.announcements_publish, name="announcements_publish"
    ),
    path("announcements/<uuid:announcement>/delete/", announcements.announcements_delete, name="announcements_delete"),
    path("review/", review.review, name="review"),
    path("review/decide/", review.review_decide, name="review_decide"),
    path("review/rules/", review.review_rules, name="review_rules"),
    path("review/rules/<slug:rule>/", review.review_rule, name="review_rule"),
    path("rules/", rules.rules, name="rules"),
    path("rules/try/", rules.rules_try, name="rules_try"),
    path("rules/history/<uuid:trial>/", tried.rules_history, name="rules_history"),
    path("rules/history/<uuid:trial>/csv/", tried.rules_history_csv, name="rules_history_csv"),
    path("rules/history/<uuid:trial>/publish/", tried.rules_publish, name="rules_publish"),
    path("rules/<str:level>/<uuid:owner>/", rules.rules_of_owner, name="rules_of"),
    path("rules/<str:level>/<uuid:owner>/new/", rules.rules_new, name="rules_new"),
    path("rules/<str:level>/<uuid:owner>/recruiting/", recruiting.rules_recruiting, name="rules_recruiting_new"),
    path(
        "rules/<str:level>/<uuid:owner>/<uuid:rule>/recruiting/", recruiting.rules_recruiting, name="rules_recruiting"
    ),
    path("rules/<str:level>/<uuid:owner>/<uuid:rule>/", rules.rules_edit, name="rules_edit"),
    path("rules/<str:level>/<uuid:owner>/<uuid:rule>/end/", rules.rules_end, name="rules_end"),
    path("payouts/", outstanding.payouts, name="payouts"),
    path("payouts/history/", history.payouts_history, name="payouts_history"),
    path("payouts.csv", csv_page(_VIEW_PAYOUTS, history.EXPORT), name="payouts_csv"),
    path("payouts.xlsx", xlsx_page(_VIEW_PAYOUTS, history.EXPORT), name="payouts_xlsx"),
    path("payouts/new/<uuid:partner>/<str:currency>/", outstanding.payouts_new, name="payouts_new"),
    path("payouts/<uuid:payout>/", history.payouts_detail, name="payouts_detail"),
    path("payouts/<uuid:payout>/reverse/", history.payouts_reverse, name="payouts_reverse"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", csv_page(_VIEW_AUDIT, audit.EXPORT), name="audit_csv"),
    path("audit.xlsx", xlsx_page(_VIEW_AUDIT, audit.EXPORT), name="audit_xlsx"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:job>/", jobs.jobs_detail, name="jobs_detail"),
    path("jobs/<uuid:job>/file/", jobs.jobs_file, name="jobs_file"),
    path("jobs/<uuid:job>/cancel/", jobs.jobs_cancel, name="jobs_cancel"),
    path("jobs/<uuid:job>/retry/", jobs.jobs_retry, name="jobs_retry"),
    path("keys/", keys.list_keys, name="keys"),
    path("keys/new/", keys.new_key, name="keys_new"),
    path("keys/<uuid:key>/rotate/", keys.rotate_key, name="keys_rotate"),
    path("keys/<uuid:key>/revoke/", keys.revoke_key, name="keys_revoke"),
    path("settings/", settings.settings, name="settings"),
    path("settings/logo/", settings.settings_logo, name="settings_logo"),
    path("settings/mail/", mail.settings_mail, name="settings_mail"),
    path("settings/mail/<str:letter>/", mail.settings_mail_edit, name="settings_mail_edit"),
    path("settings/mail/<str:letter>/preview/", mail.settings_mail_preview, name="settings_mail_preview"),
    path("settings/mail/<str:letter>/test/", mail.settings_mail_test, name="settings_mail_test"),
    path("settings/mail/<str:letter>/reset/", mail.settings_mail_reset, name="settings_mail_reset"),
    path("settings/applications/", applications.settings_applications, name="settings_applications"),
    path("settings/applications/questions/new/", applications.settings_question_new, name="settings_question_new"),
    path("settings/applications/questions/<uuid:question>/", applications.settings_question, name="settings_question"),
    path("settings/applications/terms/new/", applications.settings_terms_new, name="settings_terms_new"),
    path("settings/applications/terms/<uuid:terms>/", applications.settings_terms, name="settings_terms"),
    path("settings/<str:card>/", settings.settings, name="settings_card"),
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
