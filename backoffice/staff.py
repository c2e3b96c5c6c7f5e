"""The team (SPEC P1, P2): who works here in which role, who was invited. Owners only."""

from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants import invitations
from merchants.models import Membership
from merchants.roles import Permission, Role
from merchants.staff import change_role, remove_staff
from pages.forms import OnceField, PageForm
from pages.mail import send

_MEANS = {
    Role.OWNER: "Everything, also team, API keys and closing the account",
    Role.ADMIN: "Everything but team and API keys",
    Role.FINANCE: "Commissions and payouts",
    Role.SUPPORT: "Customers and orders; sees no payouts",
    Role.VIEWER: "Looks, changes nothing; sees no payouts",
}


class InviteForm(PageForm):
    """Whom to invite, as what."""

    once = OnceField()
    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.VIEWER)


class RoleForm(PageForm):
    """Another role."""

    role = forms.ChoiceField(choices=Role.choices)


@staff_page(Permission.MANAGE_STAFF)
def staff(request: StaffRequest) -> HttpResponseBase:
    """The team and the open invitations; sends a new one."""
    form = InviteForm(posted(request))
    if sent(request, form):
        with form.refused():
            email, role = form.cleaned_data["email"], form.cleaned_data["role"]
            address = once(request, form, lambda: _invite(request, email, role))
            return done(request, f"Invitation sent to {email}.", address)
    context = {
        "form": form,
        "members": request.merchant.memberships.select_related("user").order_by("user__email"),
        "roles": [(role.value, role.label, _MEANS[role]) for role in Role],
        "invitations": request.merchant.invitations.order_by("email"),
        "now": timezone.now(),
    }
    return page(request, "backoffice/staff.html", context, status=form_status(form))


@staff_page(Permission.MANAGE_STAFF)
def staff_role(request: StaffRequest, member: UUID) -> HttpResponseBase:
    """Give somebody another role; sent from the list, and a page of its own without script."""
    membership = _member(request, member)
    form = RoleForm(posted(request), initial={"role": membership.role})
    if sent(request, form):
        with form.refused():
            change_role(membership, role=form.cleaned_data["role"], actor=request.actor)
            word = Role(membership.role).label.lower()
            address = reverse("backoffice:staff", args=[request.merchant.slug])
            return done(request, f"{membership.user.email} is now {word}.", address)
    roles = [(role.value, role.label, _MEANS[role]) for role in Role]
    context = {"form": form, "member": membership, "roles": roles, "partials": {"ask"}}
    return page(request, "backoffice/staff_role.html", context, status=form_status(form))


@staff_page(Permission.MANAGE_STAFF)
def staff_remove(request: StaffRequest, member: UUID) -> HttpResponseBase:
    """Ask, then end somebody's access."""
    membership = _member(request, member)
    form = PageForm(posted(request))
    if request.method == "POST":
        form.is_valid()
        with form.refused():
            remove_staff(membership, actor=request.actor)
            mine = membership.user_id == request.user.id
            address = reverse("merchants") if mine else reverse("backoffice:staff", args=[request.merchant.slug])
            return done(request, f"{membership.user.email} no longer works here.", address)
    context = {"form": form, "member": membership, "partials": {"ask"}}
    return page(request, "backoffice/staff_remove.html", context, status=form_status(form))


@staff_page(Permission.MANAGE_STAFF)
def staff_withdraw(request: StaffRequest, invitation: UUID) -> HttpResponseBase:
    """Take an invitation back. Looking at this address changes nothing."""
    address = reverse("backoffice:staff", args=[request.merchant.slug])
    found = get_object_or_404(request.merchant.invitations, id=invitation)
    if request.method != "POST":
        return page(request, "backoffice/staff_withdraw.html", {"invitation": found, "partials": {"ask"}})
    invitations.withdraw(found, actor=request.actor)
    return done(request, f"The invitation to {found.email} is withdrawn.", address)


def _invite(request: StaffRequest, email: str, role: str) -> str:
    """Once for each form: a second invitation would end the link in the first one's e-mail."""
    invitation, token = invitations.invite(email=email, role=role, actor=request.actor)
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    said = {"link": link, "role": invitation.get_role_display().lower(), "inviter": request.actor.name}
    send("invitation", to=invitation.email, context=said, merchant=request.merchant)
    return reverse("backoffice:staff", args=[request.merchant.slug])


def _member(request: StaffRequest, member: UUID) -> Membership:
    return get_object_or_404(request.merchant.memberships.select_related("user"), id=member)
