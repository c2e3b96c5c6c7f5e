"""Assets: what partners find in their portal to work with (SPEC A19)."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Count, Sum
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from merchants.models import Merchant
from merchants.roles import Permission
from outreach.library import (
    MOST_TOGETHER,
    archive_asset,
    create_asset,
    delete_asset,
    move_asset,
    restore_asset,
    update_asset,
)
from outreach.models import Asset, AssetKind
from pages.asset_files import asset_file
from pages.forms import OnceField, PageForm, SeenField

_ACCEPTED = {
    AssetKind.BANNER: ("image/png,image/jpeg,image/webp", "PNG, JPEG or WebP, at most 5 MB."),
    AssetKind.FILE: (".pdf,.zip", "PDF or ZIP, at most 50 MB."),
}


class AudienceForm(PageForm):
    """For whom something is."""

    groups = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["groups"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(id), name) for id, name in merchant.groups.order_by("name").values_list("id", "name")]
        # A group that was deleted stands there until somebody takes it away: without it, it would be for everybody.
        gone = merchant.groups(manager="with_deleted").exclude(deleted_at=None).filter(id__in=self._chosen_before())
        field.choices += [(str(id), f"{name} (deleted)") for id, name in gone.values_list("id", "name")]

    def _chosen_before(self) -> list[str]:
        return [str(each) for each in self.initial.get("groups", ())]

    def clean_groups(self) -> list[UUID]:
        """Ids; none for all partners."""
        return [UUID(each) for each in self.cleaned_data["groups"]]

    @property
    def chosen_groups(self) -> list[str]:
        """What is ticked, also in a form that came back."""
        return [str(each) for each in self["groups"].value() or []]


class AssetForm(AudienceForm):
    """An asset of one kind."""

    renames = {"group_ids": "groups"}

    title = forms.CharField(label="Title", max_length=200)
    note = forms.CharField(
        label="Note for partners", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, kind: str, has_file: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == AssetKind.TEXT:
            self.fields["body"] = forms.CharField(
                label="Text",
                max_length=5_000,
                widget=forms.Textarea(attrs={"rows": 8, "class": "input", "aria-describedby": "body-hint"}),
                help_text="{link} and {code} become each partner's own link and code.",
            )
        elif kind == AssetKind.VIDEO:
            self.fields["url"] = forms.CharField(
                label="Address", max_length=2_000, widget=forms.URLInput(attrs={"class": "input"})
            )
        else:
            accept, hint = _ACCEPTED[AssetKind(kind)]
            self.fields["upload"] = forms.FileField(
                label="Another file" if has_file else "File",
                required=not has_file,
                widget=forms.FileInput(attrs={"accept": accept, "class": "input", "aria-describedby": "upload-hint"}),
                help_text=hint,
            )

    def values(self) -> dict[str, Any]:
        """As the verbs take them, without the file."""
        given = {name: value for name, value in self.cleaned_data.items() if name in ("title", "note", "body", "url")}
        return {**given, "group_ids": self.cleaned_data["groups"]}


class NewAssetForm(AssetForm):
    """One that is not there yet."""

    once = OnceField()


class EditAssetForm(AssetForm):
    """One that is."""

    seen = SeenField()


@staff_page(Permission.VIEW)
def assets(request: StaffRequest) -> HttpResponseBase:
    """All of them in the order in which partners see them, and how often they were taken."""
    archived = request.GET.get("archived") == "1"
    rows = request.merchant.assets.exclude(archived_at=None) if archived else request.merchant.assets.usable()
    uses = {
        row["asset_id"]: row
        for row in request.merchant.asset_uses.values("asset_id").annotate(number=Sum("number"), partners=Count("id"))
    }
    context = {
        "assets": [(asset, uses.get(asset.id)) for asset in rows.order_by("position", "id")],
        "archived": archived,
        "group_names": group_names(request.merchant),
        "size": request.merchant.assets.aggregate(size=Sum("size"))["size"] or 0,
        "most": MOST_TOGETHER,
    }
    return page(request, "backoffice/outreach/assets.html", context)


@staff_page(Permission.EDIT_PARTNERS)
def assets_new(request: StaffRequest) -> HttpResponseBase:
    """A banner, text, file or video; the query says which."""
    kind = request.GET.get("kind", AssetKind.BANNER)
    if kind not in AssetKind.values:
        raise Http404
    form = NewAssetForm(posted(request), _files(request), merchant=request.merchant, kind=kind)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _made(request, kind, form))
            return done(request, "Partners see it now.", address)
    context = {"form": form, "kind": AssetKind(kind), "kinds": list(AssetKind)}
    return page(request, "backoffice/outreach/asset_new.html", context, status=form_status(form))


@staff_page(Permission.VIEW, post=Permission.EDIT_PARTNERS)
def assets_detail(request: StaffRequest, asset: UUID) -> HttpResponseBase:
    """What it is, and a form to change it."""
    found = _asset(request, asset)
    initial = {
        "title": found.title, "note": found.note, "body": found.body, "url": found.url,
        "groups": [str(each) for each in found.group_ids], "seen": SeenField.now(),
    }  # fmt: skip
    form = EditAssetForm(
        posted(request), _files(request), merchant=request.merchant, kind=found.kind, has_file=bool(found.file),
        initial=initial,
    )  # fmt: skip
    if sent(request, form):
        changed = [name for name in form.changed_data if name not in ("seen", "upload")]
        if not form.overtaken(request.merchant, "asset", found.id, changed):
            with form.refused():
                upload = form.cleaned_data.get("upload")
                update_asset(found, changes=form.values(), upload=upload, actor=request.actor)
                return done(request, "Saved.", _address(request, "assets"))
    used = found.uses.aggregate(number=Sum("number"), partners=Count("id"))
    context = {"asset": found, "form": form, "used": used, "group_names": group_names(request.merchant)}
    return page(request, "backoffice/outreach/asset.html", context, status=form_status(form))


@staff_page(Permission.VIEW)
def assets_file(request: StaffRequest, asset: UUID) -> HttpResponseBase:
    """Its file: a picture to look at, everything else (and `?download`) to save."""
    return asset_file(_asset(request, asset), to_save="download" in request.GET)


@staff_page(Permission.EDIT_PARTNERS)
def assets_archive(request: StaffRequest, asset: UUID) -> HttpResponseBase:
    """Take it from partners, or give it back: the form says which."""
    found = _asset(request, asset)
    if request.method != "POST":
        return led_to(request, _address(request, "assets_detail", found.id))
    if request.POST.get("on") == "0":
        restore_asset(found, actor=request.actor)
        return done(request, "Partners see it again.", _address(request, "assets"))
    archive_asset(found, actor=request.actor)
    return done(request, "Archived: partners do not see it any more.", _address(request, "assets"))


@staff_page(Permission.EDIT_PARTNERS)
def assets_move(request: StaffRequest, asset: UUID) -> HttpResponseBase:
    """One place up or down."""
    found = _asset(request, asset)
    if request.method == "POST":
        move_asset(found, up=request.POST.get("up") == "1", actor=request.actor)
    return led_to(request, f"{_address(request, 'assets')}#{found.id}")


@staff_page(Permission.EDIT_PARTNERS)
def assets_delete(request: StaffRequest, asset: UUID) -> HttpResponseBase:
    """Ask, then remove an archived one for good."""
    found = _asset(request, asset)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            delete_asset(found, actor=request.actor)
            return done(request, "Deleted.", _address(request, "assets"))
    context = {"asset": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/outreach/asset_delete.html", context, status=form_status(form))


def _made(request: StaffRequest, kind: str, form: NewAssetForm) -> str:
    upload = form.cleaned_data.get("upload")
    create_asset(merchant=request.merchant, kind=kind, upload=upload, actor=request.actor, **form.values())
    return _address(request, "assets")


def _files(request: StaffRequest) -> Any:
    return request.FILES if request.method == "POST" else None


def _asset(request: StaffRequest, asset: UUID) -> Asset:
    return get_object_or_404(request.merchant.assets.select_related("merchant"), id=asset)


def _address(request: StaffRequest, name: str, *ids: UUID) -> str:
    return reverse(f"backoffice:{name}", args=[request.merchant.slug, *ids])


def group_names(merchant: Merchant) -> dict[UUID, str]:
    """What groups are called, also those that were deleted."""
    return dict(merchant.groups(manager="with_deleted").values_list("id", "name"))
