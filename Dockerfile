# Built in two steps, so that the image holds neither compilers nor pip's cache; runs as nobody in particular.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
# `clv` adds scipy, for `stamgast clv` and for workers that value segments.
ARG REQUIREMENTS=runtime
RUN python -m venv --without-pip /venv
COPY requirements/ requirements/
RUN pip --python /venv/bin/python install --no-cache-dir --no-compile --require-hashes --no-deps \
    -r requirements/build.txt -r requirements/$REQUIREMENTS.txt
COPY pyproject.toml README.md ./
COPY stamgast/ stamgast/
COPY streams/ streams/
COPY rules/ rules/
COPY channels/ channels/
RUN pip --python /venv/bin/python install --no-cache-dir --no-compile --no-deps --no-build-isolation . \
    && cd / && /venv/bin/python -c "import streams.worker, stamgast.web.serve, stamgast.sandbox.server, stamgast.commands.publish"
# The last line leaves bytecode of what processes import, and of nothing else: nobody may write it later.

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# A volume takes its owner from the folder that it is put over.
RUN useradd --system --uid 10001 --create-home --home-dir /home/stamgast stamgast \
    && install --directory --owner=stamgast /srv/stamgast/media
COPY --from=build /venv /venv
COPY config/ /srv/stamgast/config/
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STAMGAST_CONFIG_DIR=/srv/stamgast/config STAMGAST_LOG_FORMAT=json
WORKDIR /srv/stamgast
USER stamgast
ENTRYPOINT ["stamgast"]
CMD ["--help"]
