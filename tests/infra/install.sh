#!/usr/bin/env bash
# What the tests of infra/ need beside the Python environment: Terraform, checkov and EventBridge's own matcher.
#   tests/infra/install.sh CACHE_DIR PYTHON
# Each is fetched once and kept in CACHE_DIR. What cannot be had here is told, and its tests will be skipped.
set -euo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
mkdir -p -- "$1/bin"
cache="$(cd -- "$1" && pwd -P)"
python="$2"

# The last Terraform that `go install` can build, and the oldest that the module promises to work with.
readonly terraform=github.com/hashicorp/terraform@v1.5.7
missing=()

# up_to_date STAMP WANTED: whether the stamp says that this very thing is installed.
up_to_date() { [[ -f "$1" && "$(<"$1")" == "$2" ]]; }

install_terraform() {
    local program="$cache/bin/terraform" found
    if [[ -x "$program" ]] && "$program" version >/dev/null 2>&1; then return 0; fi
    rm -f -- "$program"
    for found in terraform tofu; do
        if command -v "$found" >/dev/null; then
            ln -s -- "$(command -v "$found")" "$program"
            return 0
        fi
    done
    command -v go >/dev/null || { printf 'no terraform, no tofu, and no go to build one\n'; return 1; }
    printf 'building %s, which takes minutes\n' "$terraform"
    GOTOOLCHAIN=local GOBIN="$cache/bin" CGO_ENABLED=0 go install "$terraform"
}

install_checkov() {
    local venv="$cache/venv-checkov" wanted
    # In an environment of its own: it pins another boto3 than moto's.
    wanted="$(sha256sum <"$here/requirements.lock") $cache"
    if up_to_date "$venv/.requirements" "$wanted"; then return 0; fi
    rm -rf -- "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python3" -m pip install --disable-pip-version-check --no-input --no-compile --quiet \
        --only-binary :all: --require-hashes -r "$here/requirements.lock"
    printf '%s\n' "$wanted" >"$venv/.requirements"
}

install_ruler() {
    local ruler="$cache/ruler" wanted
    wanted="$(cat "$here"/ruler/* | sha256sum)"
    if up_to_date "$ruler/.sources" "$wanted"; then return 0; fi
    command -v mvn >/dev/null || { printf 'no mvn (Debian: apt-get install maven)\n'; return 1; }
    command -v javac >/dev/null || { printf 'no javac (Debian: apt-get install default-jdk-headless)\n'; return 1; }
    rm -rf -- "$ruler"
    mkdir -p -- "$ruler"
    mvn -q -B -f "$here/ruler/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$ruler/lib"
    javac -cp "$ruler/lib/*" -d "$ruler/classes" "$here/ruler/Match.java"
    printf '%s\n' "$wanted" >"$ruler/.sources"
}

for tool in terraform checkov ruler; do
    # In a process of its own: `set -e` does not work inside a condition.
    (set -e; "install_$tool") </dev/null & wait $! || missing+=("$tool")
done
if ((${#missing[@]})); then
    printf 'not to be had here: %s\n' "${missing[*]}" >&2
    exit 1
fi
