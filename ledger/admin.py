"""What operators may read of the books. The database refuses to change them, whoever asks."""

from django.contrib import admin

from ledger.models import Transaction
from merchants.readable import Owned, Table


@admin.register(Transaction)
class TransactionAdmin(Owned):
    called = "Ledger"
    list_display = ("reference", "kind", "occurred_at", "posted_at")
    search_fields = ("reference__startswith", "kind__iexact")
    tables = (Table("entries", ("account", "amount"), {"amount": "currency"}),)
