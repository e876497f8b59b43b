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
RUN python3 -m venv /opt/build
COPY requirements/build.txt /tmp/
RUN /opt/build/bin/pip install --quiet --no-deps --require-hashes -r /tmp/build.txt
# What the images run on: without pip, which nothing in them needs.
RUN python3 -m venv --without-pip /opt/venv


FROM build AS wheels
COPY libs /src/libs
COPY services /src/services
COPY clients /src/clients
RUN PATH=/opt/build/bin:$PATH pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels \
        /src/libs/* /src/services/* /src/clients/*


# Per service: its third-party packages, then its own; two layers, of which a change of ours makes
# only the small one anew.
FROM build AS ingress-packages
COPY requirements/ingress.txt /tmp/
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes \
        -r /tmp/ingress.txt

FROM wheels AS ingress-own
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --no-index \
        --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-ingress

FROM build AS agent-worker-packages
COPY requirements/agent-worker.txt /tmp/
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes \
        -r /tmp/agent-worker.txt

FROM wheels AS agent-worker-own
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --no-index \
        --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-agent-worker

FROM build AS delivery-packages
COPY requirements/delivery.txt /tmp/
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes \
        -r /tmp/delivery.txt

FROM wheels AS delivery-own
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --no-index \
        --find-links /wheels --prefix /own openclaw-common openclaw-channels openclaw-delivery

FROM build AS standalone-packages
COPY requirements/standalone.txt /tmp/
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes \
        -r /tmp/standalone.txt

FROM wheels AS standalone-own
RUN /opt/build/bin/pip --python /opt/venv/bin/python install --quiet --no-deps --no-index \
        --find-links /wheels --prefix /own /wheels/*.whl


# What every image has: the state folder is the only place that is written to.
FROM base AS service
WORKDIR /etc/openclaw
USER 10001:10001
STOPSIGNAL SIGTERM
ENV OPENCLAW_HEALTH_PORT=18790
EXPOSE 18790
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["healthcheck", "/livez"]


FROM service AS ingress
COPY --from=ingress-packages /opt/venv /opt/venv
COPY --from=ingress-own /own /opt/venv
EXPOSE 18789
ENTRYPOINT ["openclaw-ingress"]


FROM service AS agent-worker
COPY --from=agent-worker-packages /opt/venv /opt/venv
COPY --from=agent-worker-own /own /opt/venv
ENTRYPOINT ["openclaw-agent-worker"]


FROM service AS delivery
COPY --from=delivery-packages /opt/venv /opt/venv
COPY --from=delivery-own /own /opt/venv
ENTRYPOINT ["openclaw-delivery"]


# Everything in one process, the command line `openclaw-gateway`, and the model of the Compose
# profile `local-model`.
FROM service AS standalone
COPY --from=standalone-packages /opt/venv /opt/venv
COPY --from=standalone-own /own /opt/venv
COPY deploy/images/standalone.json5 /etc/openclaw/openclaw.json5
WORKDIR /var/lib/openclaw
ENV OPENCLAW_CONFIG_PATH=/etc/openclaw/openclaw.json5 \
    OPENCLAW_HEALTH_PORT=
VOLUME /var/lib/openclaw
EXPOSE 18789
ENTRYPOINT ["openclaw-standalone"]
