"""What operators may read of assets and announcements."""

from django.contrib import admin

from merchants.readable import Owned
from outreach.models import Announcement, Asset


@admin.register(Asset)
class AssetAdmin(Owned):
    list_display = ("title", "kind", "size", "position", "archived_at", "created_at")
    list_filter = ("kind",)
    search_fields = ("title",)
    # The name in the storage is what keeps the file from whoever should not have it.
    hidden = ("file",)


@admin.register(Announcement)
class AnnouncementAdmin(Owned):
    list_display = ("title", "program", "published_at", "created_at")
    search_fields = ("title",)
