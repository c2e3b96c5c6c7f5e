#!/bin/bash
# Runs once, when the postgres image makes its data directory. The product's role is an ordinary one: row-level
# security does not hold a superuser, so the product must never connect as one.
set -euo pipefail

psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$ACCRUE_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE accrue LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'password';
ALTER ROLE accrue SET jit = off;
ALTER ROLE accrue SET plan_cache_mode = force_generic_plan;
CREATE DATABASE accrue OWNER accrue ENCODING 'UTF8' TEMPLATE template0;
SQL
