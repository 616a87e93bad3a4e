# The compiler stays in the first stage: mysqlclient has no wheel and is built here.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
COPY requirements.txt constraints.txt ./
# Nobody tests in the image.
RUN sed '/^pytest/d' requirements.txt > served.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement served.txt

# The client has the dump program that migrate makes its backups with, for MySQL and MariaDB alike.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libmariadb3 mariadb-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent estimation \
    && install --directory --owner=estimation /data /backups
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# A database of its own in a volume, for those who start the image alone; docker-compose.yml names a server.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/db.sqlite3 \
    EVOLUTION_BACKUP_FOLDER=/backups
# The key is asked for by the settings and used for nothing in this step: it is gone after it.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" python manage.py collectstatic --no-input --verbosity 0
USER estimation
VOLUME /data /backups
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "scripts/healthy.py"]
CMD ["uvicorn", "estimation.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "3", "--no-access-log", "--no-proxy-headers"]
