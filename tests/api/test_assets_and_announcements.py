"""Assets and announcements over the API: made, changed, taken away; files told by their content, news sent once."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.test import Client
from django.test.client import encode_multipart
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from api import uploads
from merchants import tenancy
from merchants.models import Merchant
from outreach.models import Asset
from tests.api.conftest import Answer, Api
from tests.factories import GroupFactory, PartnerFactory

pytestmark = pytest.mark.django_db

BOUNDARY = "a-line-between"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'></svg>"


def picture(width: int = 60, height: int = 40) -> bytes:
    made = BytesIO()
    Image.new("RGB", (width, height), (20, 80, 40)).save(made, "PNG")
    return made.getvalue()


def send_file(
    api: Api, content: bytes | None, *, method: str = "POST", to: str = "/assets", part: str = "upload", key: str = "",
    **fields: Any,
) -> Answer:  # fmt: skip
    """A form as browsers and curl send it, claiming to be a picture."""
    files = {} if content is None else {part: SimpleUploadedFile("a.png", content, content_type="image/png")}
    raw = encode_multipart(BOUNDARY, {**fields, **files})
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | ({"Idempotency-Key": key} if key else {})
    return api.send(method, to, raw=raw, **headers)


def test_a_banner_is_sent_changed_downloaded_and_deleted(api: Api, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        group = GroupFactory(name="Podcasters")
    made = send_file(api, picture(), kind="banner", title="Spring", group_ids=[str(group.id)])
    assert made.status == 201, made
    shown = made.body
    assert (shown["content_type"], shown["width"], shown["height"]) == ("image/png", 60, 40)
    assert shown["group_ids"] == [str(group.id)]
    at = f"/assets/{shown['id']}"
    saved = api.get(f"{at}/file", Accept="*/*")
    assert (saved.status, saved.headers["Content-Type"]) == (200, "image/png")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="spring.png"'
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(BytesIO(saved.content)).size == (60, 40)
    wider = send_file(api, picture(90, 40), method="PATCH", to=at, title="Spring, wider")
    assert (wider.body["title"], wider.body["width"]) == ("Spring, wider", 90)
    assert api.patch(at, {"title": "Spring again"}).body["width"] == 90, "JSON changes words and leaves the file"
    assert api.send("DELETE", at).code == "asset_not_archived"
    assert api.post(f"{at}/archival").body["archived_at"] is not None
    assert api.post(f"{at}/restoration").body["archived_at"] is None
    api.post(f"{at}/archival")
    assert api.send("DELETE", at).body["title"] == "Spring again"
    assert api.get(at).status == 404


def test_texts_and_videos_are_plain_json(api: Api) -> None:
    text = api.post("/assets", {"kind": "text", "title": "Post", "body": "Take {code}: {link}"})
    video = api.post("/assets", {"kind": "video", "title": "Film", "url": "https://video.example/1"})
    assert (text.status, video.status) == (201, 201)
    assert [row["title"] for row in api.get("/assets?kind=video").body["data"]] == ["Film"]
    assert (text.body["position"], video.body["position"]) == (1, 2)
    assert api.get(f"/assets/{text.body['id']}/file", Accept="*/*").code == "not_found"


@pytest.mark.parametrize(
    ("content", "fields", "status", "code"),
    [
        (SVG, {"kind": "banner", "title": "Evil"}, 422, "asset_picture_invalid"),
        (SVG, {"kind": "file", "title": "Evil"}, 422, "asset_file_refused"),
        (b"<html><script>1</script>", {"kind": "file", "title": "Evil"}, 422, "asset_file_refused"),
        (b"", {"kind": "banner", "title": "Empty"}, 422, "asset_picture_invalid"),
        (None, {"kind": "banner", "title": "None"}, 422, "required"),
        (picture(8, 8), {"kind": "banner", "title": "Tiny"}, 422, "asset_picture_size"),
        (picture(), {"title": "What?"}, 422, "missing_field"),
        (picture(), {"kind": "banner", "title": "X", "color": "red"}, 422, "unknown_field"),
        (picture(), {"kind": "banner", "title": "X", "group_ids": "everybody"}, 422, "invalid_value"),
    ],
)
def test_what_is_not_what_it_claims_is_refused_and_nothing_kept(
    api: Api, merchant: Merchant, content: bytes | None, fields: dict[str, str], status: int, code: str
) -> None:
    answer = send_file(api, content, **fields)
    assert (answer.status, answer.code) == (status, code), answer
    with tenancy.tenant(merchant.id):
        assert not Asset.objects.exists()


def test_a_file_in_another_part_a_broken_form_and_one_that_is_too_large_are_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send_file(api, picture(), part="picture", kind="banner", title="X").code == "unknown_field"
    broken = {"Content-Type": "multipart/form-data"}
    assert api.send("POST", "/assets", raw=b"nothing", **broken).code == "bad_request"
    monkeypatch.setattr(uploads, "MAX_BODY", 100)
    assert send_file(api, picture(), kind="banner", title="X").status == 413
    assert (
        api.send("POST", "/partners", raw=b"--x", **{"Content-Type": "multipart/form-data; boundary=x"}).status == 415
    )


def test_the_same_key_with_another_file_is_another_request(api: Api, merchant: Merchant) -> None:
    first, again = (send_file(api, picture(), key="one", kind="banner", title="X") for _ in range(2))
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert send_file(api, picture(61), key="one", kind="banner", title="X").code == "idempotency_key_reused"
    with tenancy.tenant(merchant.id):
        assert Asset.objects.count() == 1


def test_anothers_group_is_unknown(api: Api, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        theirs = GroupFactory()
    body = {"kind": "text", "title": "X", "body": "X", "group_ids": [str(theirs.id)]}
    assert api.post("/assets", body).code == "group_unknown"
    news = {"title": "X", "body": "X", "group_ids": [str(theirs.id)]}
    assert api.post("/announcements", news).code == "group_unknown"


@pytest.mark.usefixtures("tasks_at_once")
def test_an_announcement_is_drafted_changed_published_once_and_sent(
    api: Api, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    with tenancy.tenant(merchant.id):
        PartnerFactory.create_batch(2)
    made = api.post("/announcements", {"title": "Sommer", "body": "Hello."})
    assert (made.status, made.body["published_at"]) == (201, None)
    at = f"/announcements/{made.body['id']}"
    assert api.patch(at, {"title": "Summer"}).body["title"] == "Summer"
    with django_capture_on_commit_callbacks(execute=True):
        told = api.post(f"{at}/publication", {"send_email": True})
    assert (told.status, told.body["emails"]) == (200, 2)
    assert told.body["announcement"]["published_at"] is not None
    assert [message.subject for message in mailoutbox] == ["Summer", "Summer"]
    for refused in (api.post(f"{at}/publication"), api.patch(at, {"title": "X"}), api.send("DELETE", at)):
        assert (refused.status, refused.code) == (409, "announcement_published")
    draft = api.post("/announcements", {"title": "Never", "body": "Nobody reads it."})
    assert api.send("DELETE", f"/announcements/{draft.body['id']}").body["title"] == "Never"
    assert [row["title"] for row in api.get("/announcements").body["data"]] == ["Summer"]


def test_partners_see_what_came_over_the_api(api: Api, merchant: Merchant) -> None:
    made = send_file(api, picture(), kind="banner", title="Spring")
    with tenancy.tenant(merchant.id):
        partner = PartnerFactory()
        code = partner.links.get().code
    answer = Client().get(f"/banner/{code}/{made.body['id']}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
