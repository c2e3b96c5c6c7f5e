"""Customers and partners who were there before their words are given them by the worker."""

from importlib import import_module

from django.db import migrations

EVERYTHING = import_module("stats.migrations.0003_standing").EVERYTHING


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0005_words"),
        ("customers", "0006_words"),
        ("stats", "0003_standing"),
    ]

    operations = [EVERYTHING]
