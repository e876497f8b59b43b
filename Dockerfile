# One image per service: docker build --target ingress .   (ingress, agent-worker, delivery, standalone)
#
# Built by BuildKit and by the older builder alike. The base is any image with Python 3.11 or newer,
# pip and venv. Packages come from wherever pip looks by itself; PIP_INDEX_URL and its like, and the
# usual proxy variables, are handed in with --build-arg NAME and stay out of the images.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm


FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/var/lib/openclaw \
    OPENCLAW_LOG_FORMAT=json
# A process 1 of its own: it hands signals on to a service that does not listen to them yet, which
# the kernel does for no process 1, and reaps what a tool of an agent left behind.
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
# Numeric and fixed, so that a platform can see that it is not root, and volumes keep their owner.
RUN groupadd --gid 10001 openclaw \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/openclaw \
        --shell /usr/sbin/nologin openclaw \
 && install -d -o 10001 -g 10001 /var/lib/openclaw && install -d /etc/openclaw
COPY deploy/images/healthcheck.py /usr/local/bin/healthcheck


FROM base AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
# /opt/build is for building, /opt/venv what the images run on: without pip, which they do not need.
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/venv
ENV PATH=/opt/build/bin:$PATH
COPY requirements/build.txt /tmp/
RUN pip install --quiet --no-deps --require-hashes -r /tmp/build.txt
COPY deploy/images/install-wheels /usr/local/bin/


FROM build AS wheels
COPY libs /src/libs
COPY services /src/services
COPY clients /src/clients
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels \
        /src/libs/* /src/services/* /src/clients/*


# Fetched once for all images, and held to their hashes.
FROM build AS wheelhouse
COPY requirements/agent-worker.txt requirements/delivery.txt /tmp/
RUN for each in agent-worker delivery; do \
        pip download --quiet --no-deps --require-hashes --dest /wheelhouse -r /tmp/$each.txt || exit; \
    done


# Per service: its third-party packages, then its own; two layers, of which a change of ours makes
# only the small one anew. Compiled here, where the file system can still be written to.
FROM wheelhouse AS ingress-packages
COPY requirements/ingress.txt /tmp/
RUN install-wheels --find-links /wheelhouse --require-hashes -r /tmp/ingress.txt

FROM wheels AS ingress-own
RUN install-wheels --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-ingress

FROM wheelhouse AS agent-worker-packages
COPY requirements/agent-worker.txt /tmp/
RUN install-wheels --find-links /wheelhouse --require-hashes -r /tmp/agent-worker.txt

FROM wheels AS agent-worker-own
RUN install-wheels --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-agent-worker

FROM wheelhouse AS delivery-packages
COPY requirements/delivery.txt /tmp/
RUN install-wheels --find-links /wheelhouse --require-hashes -r /tmp/delivery.txt

FROM wheels AS delivery-own
RUN install-wheels --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-delivery

FROM wheelhouse AS standalone-packages
COPY requirements/standalone.txt /tmp/
RUN pip download --quiet --no-deps --require-hashes --dest /wheelhouse -r /tmp/standalone.txt \
 && install-wheels --find-links /wheelhouse --require-hashes -r /tmp/standalone.txt

FROM wheels AS standalone-own
RUN install-wheels --find-links /wheels --prefix /own /wheels/*.whl


# What the embedded model's native code needs of Debian.
FROM base AS standalone-base
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*


# The state folder is the only place that a service writes to.
FROM base AS service
WORKDIR /etc/openclaw
USER 10001:10001
STOPSIGNAL SIGTERM
ENV OPENCLAW_HEALTH_PORT=18790
EXPOSE 18790
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["healthcheck", "/livez"]


FROM service AS ingress
COPY --from=ingress-packages /opt/venv /opt/venv
COPY --from=ingress-own /own /opt/venv
EXPOSE 18789
ENTRYPOINT ["tini", "--", "openclaw-ingress"]


FROM service AS agent-worker
COPY --from=agent-worker-packages /opt/venv /opt/venv
COPY --from=agent-worker-own /own /opt/venv
ENTRYPOINT ["tini", "--", "openclaw-agent-worker"]


FROM service AS delivery
COPY --from=delivery-packages /opt/venv /opt/venv
COPY --from=delivery-own /own /opt/venv
ENTRYPOINT ["tini", "--", "openclaw-delivery"]


# Everything in one process, the command line `openclaw-gateway`, and the model of the Compose
# profile `local-model`.
FROM standalone-base AS standalone
USER 10001:10001
STOPSIGNAL SIGTERM
ENV OPENCLAW_HEALTH_PORT=18790
EXPOSE 18790
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["healthcheck", "/livez"]
COPY --from=standalone-packages /opt/venv /opt/venv
COPY --from=standalone-own /own /opt/venv
COPY deploy/images/standalone.json5 /etc/openclaw/openclaw.json5
WORKDIR /var/lib/openclaw
ENV OPENCLAW_CONFIG_PATH=/etc/openclaw/openclaw.json5
VOLUME /var/lib/openclaw
EXPOSE 18789
ENTRYPOINT ["tini", "--", "openclaw-standalone"]
