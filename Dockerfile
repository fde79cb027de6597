# Built in two steps, so that the image holds neither compilers nor pip's cache; runs as nobody in particular.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements/ requirements/
RUN /venv/bin/pip install --no-cache-dir --require-hashes --no-deps \
    -r requirements/build.txt -r requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY stamgast/ stamgast/
COPY streams/ streams/
COPY rules/ rules/
COPY channels/ channels/
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/stamgast stamgast
COPY --from=build /venv /venv
COPY config/ /srv/stamgast/config/
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STAMGAST_CONFIG_DIR=/srv/stamgast/config STAMGAST_LOG_FORMAT=json
WORKDIR /srv/stamgast
USER stamgast
ENTRYPOINT ["stamgast"]
CMD ["--help"]
