"""The door of those who run the installation (SPEC P6): Django's admin across merchants, to read, with every access
written down.

What can be read is declared in each app's `admin.py`. Two sites draw it: `/admin/` is about the installation (merchants
by slug, log-ins, the operators' own log), `/admin/m/<slug>/` is about one merchant, inside its tenant.
"""
