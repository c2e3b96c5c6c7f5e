"""What a merchant gives its partners to work with, and what it tells them (SPEC A19).

An audience is a list of groups; an empty one is everybody. Groups are named by id without a reference: one that is
gone has no members any more, and so reaches nobody.
"""

from typing import Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Now

from affiliates.models import Partner, Program
from merchants.ids import new_id
from merchants.models import Merchant

M = TypeVar("M", bound=models.Model)


class ForPartners(models.QuerySet[M]):
    """Rows that are for all partners, or for some groups."""

    def seen_by(self, partner: Partner) -> Self:
        """Those that are for this partner."""
        mine = Q(group_ids=[])
        if partner.group_id is not None:
            mine |= Q(group_ids__contains=[partner.group_id])
        return self.filter(mine)


class AssetKind(models.TextChoices):
    """What it is, and so how it is shown and checked."""

    BANNER = "banner"
    TEXT = "text"
    FILE = "file"
    VIDEO = "video"


class AssetQuerySet(ForPartners["Asset"]):
    """Sets of assets that have a name."""

    def usable(self) -> Self:
        """Those that partners see, in the merchant's order."""
        return self.filter(archived_at=None).order_by("position", "id")


class Asset(models.Model):
    """A banner, a text, a file or a video. Its bytes are never what was uploaded under a name of somebody's choice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="assets", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=6, choices=AssetKind.choices)
    title = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True)
    """What partners should know of it."""
    body = models.TextField(blank=True)
    """Of a text: with `{link}` and `{code}` where each partner's own stand."""
    url = models.CharField(max_length=2000, blank=True)
    """Of a video: where it is watched."""
    file = models.CharField(max_length=200, blank=True)
    """Name in Django's default storage, which says nothing of the asset."""
    saved_as = models.CharField(max_length=120, blank=True)
    """What a browser saves the file as."""
    content_type = models.CharField(max_length=40, blank=True)
    """As the content was found to be."""
    size = models.BigIntegerField(default=0)
    """Bytes of the file."""
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    group_ids = ArrayField(models.UUIDField(), default=list)
    position = models.IntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    """Since when partners do not see it any more."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="text", file="", url="") & ~Q(body="")
                | Q(kind="video", file="", body="") & ~Q(url="")
                | Q(kind__in=["banner", "file"], body="", url="") & ~Q(file=""),
                name="asset_is_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "position", "id"], name="asset_in_order")]

    def __str__(self) -> str:
        return self.title


class AssetUse(models.Model):
    """How often a partner took an asset. Nothing of the person who did."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="asset_uses", db_constraint=False, db_index=False
    )
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="uses", db_constraint=False, db_index=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="asset_uses", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "asset", "partner"], name="asset_use_once")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.number}"


class AnnouncementQuerySet(ForPartners["Announcement"]):
    """Sets of announcements that have a name."""

    def seen_by(self, partner: Partner) -> Self:
        """Those that are for this partner."""
        return super().seen_by(partner).filter(Q(program=None) | Q(program=partner.program_id))

    def published(self) -> Self:
        """Those that partners can read, newest first."""
        return self.exclude(published_at=None).order_by("-published_at", "-id")

    def unread_by(self, partner: Partner) -> Self:
        """Those that the partner has not opened, since they joined."""
        read = partner.receipts.exclude(read_at=None).values("announcement")
        return self.seen_by(partner).filter(published_at__gte=partner.created_at).exclude(id__in=read)


class Announcement(models.Model):
    """Plain text to partners, in the portal and, where the merchant says so, by e-mail. A draft until published."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="announcements", db_constraint=False, db_index=False
    )
    title = models.CharField(max_length=150)
    body = models.TextField()
    """Paragraphs with an empty line between them. Addresses become links where it is shown."""
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, related_name="announcements", null=True, db_constraint=False,
        db_index=False,
    )  # fmt: skip
    """For its partners alone, besides what the groups say; None: for those of every program."""
    group_ids = ArrayField(models.UUIDField(), default=list)
    published_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["merchant", "-created_at", "-id"], name="announcement_newest")]

    def __str__(self) -> str:
        return self.title


class MailStatus(models.TextChoices):
    """How far the e-mail to one partner is."""

    NONE = "none"
    """None is sent."""
    QUEUED = "queued"
    HANDED = "handed"
    """A worker is sending it, or died over it: then nobody knows, and it is never sent again."""
    SENT = "sent"
    REFUSED = "refused"
    """The mail server does not deliver to this address."""
    SKIPPED = "skipped"
    """The partner unsubscribed, or is not approved any more."""


class Receipt(models.Model):
    """What one partner got of an announcement, and whether they opened it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="receipts", db_constraint=False, db_index=False
    )
    announcement = models.ForeignKey(
        Announcement, on_delete=models.CASCADE, related_name="receipts", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="receipts", db_constraint=False, db_index=False
    )
    mail = models.CharField(max_length=7, choices=MailStatus.choices, default=MailStatus.NONE)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "announcement", "partner"], name="receipt_once")]
        indexes = [
            models.Index(fields=["merchant", "partner"], name="receipt_by_partner"),
            models.Index(fields=["merchant", "announcement", "id"], condition=Q(mail="queued"), name="receipt_queued"),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.mail}"


class Unsubscription(models.Model):
    """A partner who wants no announcements by e-mail. They still read them in the portal."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="unsubscriptions", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="unsubscriptions", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "partner"], name="unsubscription_once")]

    def __str__(self) -> str:
        return str(self.partner_id)


def has_unread() -> Exists:
    """Of a query of partners: whether there is an announcement for them that they have not opened."""
    of_group = Func(
        OuterRef("group_id"), "group_ids", template="(%(expressions)s))", arg_joiner=" = ANY(",
        output_field=models.BooleanField(),
    )  # fmt: skip
    read = Receipt.objects.filter(announcement=OuterRef("pk"), partner=OuterRef(OuterRef("pk")), read_at__isnull=False)
    unread = Announcement.objects.alias(is_for_group=of_group).filter(
        Q(group_ids=[]) | Q(is_for_group=True),
        Q(program=None) | Q(program=OuterRef("program")),
        ~Exists(read),
        published_at__gte=OuterRef("created_at"),
    )
    return Exists(unread)
