# One recipe for every service: docker build --build-arg SERVICE=content .
# The image holds that service and common, nothing of the others.
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ARG SERVICE
WORKDIR /source
COPY constraints.txt ./
COPY libs/common libs/common
COPY services/${SERVICE} services/${SERVICE}
# What builds the two distributions stays in this stage.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --constraint constraints.txt hatchling editables \
    && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /opt/wheels \
        ./libs/common "./services/${SERVICE}"
RUN python -m venv /opt/mediaops \
    && /opt/mediaops/bin/pip install --no-cache-dir --constraint constraints.txt /opt/wheels/*.whl \
    && /opt/mediaops/bin/pip check \
    && /opt/mediaops/bin/pip uninstall --yes pip setuptools

FROM python:${PYTHON}
COPY --from=build /opt/mediaops /opt/mediaops
ENV PATH=/opt/mediaops/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# compose.yaml gives it the owner of the secrets in place of this one.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["mediaops"]
CMD ["--help"]
