# One image for the daily run (the default command), luigid and the simulator. Guide: docs/docker.md
# --build-arg BASE=... uses another base image. The digest is that of the index of all platforms, Python 3.11.16.
ARG BASE=pinned
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS pinned

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt /
# Wheels only, each checked by its hash: no foreign code runs. Tests, headers and Arrow Flight (RPC) are left out.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r requirements.txt \
    && packages=$(echo /opt/venv/lib/python3.*/site-packages) \
    && rm -rf "$packages"/pandas/tests "$packages"/pyarrow/tests "$packages"/pyarrow/include "$packages"/matplotlib/tests \
        "$packages"/numpy/*/tests "$packages"/pyarrow/*_flight*
COPY pipeline /app/pipeline
COPY reports /app/reports
RUN python3 -m compileall -q /app \
    && printf '#!/opt/venv/bin/python\nimport sys\n\nfrom pipeline.cli import main\n\nsys.exit(main())\n' >/opt/venv/bin/pos \
    && chmod 0755 /opt/venv/bin/pos

FROM ${BASE}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pos \
    && install -d -m 0700 -o pos -g pos /data /state /reports /credentials/shop \
    && install -d -m 0750 -o pos -g pos /credentials/s3
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY luigi.cfg /app/
COPY config /app/config
COPY docker /app/docker
WORKDIR /app
# Only volumes (/data, /state, /reports, /credentials) and /tmp are written, so the root can be read-only.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib \
    LUIGID_STATE=/state LUIGID_ADDRESS=0.0.0.0 LAKE_URL=/data HEALTH_URL=""
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "docker/healthy.py"]
CMD ["luigi", "--module", "pipeline", "Nightly", "--local-scheduler"]
