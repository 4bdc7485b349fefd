#!/usr/bin/env bash
# Writes requirements.lock (what a hub in service needs), requirements-dev.lock (that, and the demo, test and
# development tools at the same versions) and requirements-compile.lock (what makes the compiled wheel), with the hash
# of every published file of each version.
set -euo pipefail
cd "$(dirname "$0")/../.."

# A machine's own mirrors and wheel folders may hold other files than the public index: leave them out,
# or the hashes would fit this machine only.
export PIP_CONFIG_FILE=/dev/null
unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS
export CUSTOM_COMPILE_COMMAND="make lock"

compile() {
  .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
    --build-deps-for wheel --build-deps-for editable "$@" pyproject.toml
}

echo "· requirements.lock (a few minutes)"
compile "$@" --output-file requirements.lock
echo "· requirements-dev.lock"
compile "$@" --all-extras --constraint requirements.lock --output-file requirements-dev.lock
echo "· requirements-compile.lock"
compile --extra compile --constraint requirements-dev.lock --output-file requirements-compile.lock
