"""Programs and their partners, by subject: partners and what leads to them, applications, attributions."""

from affiliates.models.applications import (
    AfterDeadline,
    Application,
    ProgramTerms,
    Question,
    QuestionKind,
    TermsAcceptance,
)
from affiliates.models.attributions import BY_HAND, CustomerAttribution, EarlierAttribution, Lead
from affiliates.models.partners import (
    AutoApproval,
    Click,
    Coupon,
    Group,
    Link,
    Partner,
    PartnerStatus,
    PartnerStretch,
    PartnerWord,
    Program,
)

__all__ = [
    "BY_HAND",
    "AfterDeadline",
    "Application",
    "AutoApproval",
    "Click",
    "Coupon",
    "CustomerAttribution",
    "EarlierAttribution",
    "Group",
    "Lead",
    "Link",
    "Partner",
    "PartnerStatus",
    "PartnerStretch",
    "PartnerWord",
    "Program",
    "ProgramTerms",
    "Question",
    "QuestionKind",
    "TermsAcceptance",
]
