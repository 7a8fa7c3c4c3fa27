# shellcheck shell=bash
# The verbs `package` and `artefact` of ./dev, which sources this file: dist/ with a zip for each architecture, their
# checksums and the bill of materials; and the tests of these. See docs/packaging.md.

readonly package_architectures=(x86_64 arm64)
readonly package_packages=(
    g++-x86-64-linux-gnu g++-aarch64-linux-gnu clang-19 cmake ninja-build ccache nlohmann-json3-dev
    python3 dpkg-dev xz-utils libdeflate-tools debian-archive-keyring ca-certificates git
)
readonly artefact_test_packages=(python3 python3-venv binutils file qemu-user-static)

# A machine's own compiler answers to the name of its architecture; the other one is a package of its own.
packages_to_package() {
    local package native=g++-$(uname -m)-linux-gnu
    for package in "${package_packages[@]}"; do
        if [[ "${package/x86-64/x86_64}" == "$native" ]]; then package=g++; fi
        printf '%s\n' "$package"
    done
}

# Whether a package may be older than the archive says, where its mirror does not have the newest.
older_allowed() { [[ "${CI_LAMBDA_ALLOW_OLDER:-}" == true || "${CI_LAMBDA_ALLOW_OLDER:-}" == 1 ]]; }

# fetch_debian: once, and again when the way to do it has changed.
fetch_debian() {
    local stamp="$cache_dir/debian/.recipe" wanted older=() options=()
    wanted="$(cat packaging/{fetch_debian,debian_archive}.sh | sha256sum)"
    if older_allowed; then options=(--allow-older); fi
    if [[ ! -f "$stamp" || "$(<"$stamp")" != "$wanted" ]]; then
        rm -rf -- "$cache_dir/debian"
        step package-fetch "fetching curl's source, OpenSSL and glibc from Debian" \
            packaging/fetch_debian.sh "$cache_dir/debian" "${options[@]}"
        printf '%s\n' "$wanted" >"$stamp"
    fi
    mapfile -t older < <(awk 'NF > 4 { print $1 " " $3 " (" $2 "), and not " $5 }' "$cache_dir/debian/versions")
    ((${#older[@]})) || return 0
    printf 'older than what Debian lists: %s\n' "${older[@]}"
    older_allowed || die "these were taken with --allow-older, and stay until ./dev package --update; say --allow-older \
(or CI_LAMBDA_ALLOW_OLDER=true) once more to build with them"
}

project_version() { sed -n 's/^project(.* VERSION \([^ ]*\).*/\1/p' CMakeLists.txt; }

project_commit() { git describe --always --dirty --abbrev=12 '--exclude=*' 2>/dev/null || printf 'unknown\n'; }

finish_dist() {
    python3 packaging/write_sbom.py "$(project_version)" "$1" "$cache_dir/debian/versions" dist &&
        (cd dist && sha256sum ci_lambda-*.zip ci_lambda.cdx.json >SHA256SUMS)
}

run_package() {
    local packages arch commit option
    for option in "$@"; do
        case "$option" in
            --update) rm -rf -- "$cache_dir/debian" ;;
            --allow-older) export CI_LAMBDA_ALLOW_OLDER=true ;;
            *) die "package knows two options, --update (look for newer packages of Debian) and --allow-older (take an older \
one where the mirror does not have the newest), and not \"$option\"" ;;
        esac
    done
    on_debian || die "the shipped program is made from Debian's packages: please run this on Debian 12 or newer, or in \
a container of it"
    mapfile -t packages < <(packages_to_package)
    need_packages "package" "${packages[@]}"
    fetch_debian
    commit="$(project_commit)"
    for arch in "${package_architectures[@]}"; do
        step "package-$arch" "building for $arch" packaging/build.sh "$arch" "$commit"
    done
    step package-dist "writing the checksums and the bill of materials" finish_dist "$commit"
    say "dist, built from commit $commit"
    (cd dist && ls -l -- *)
}

run_artefact_tests() {
    run_package "$@"
    need_packages "test the package" "${artefact_test_packages[@]}"
    ensure_python
    ensure_emulator
    timed "tests of the package" test_artefacts
    timed "fault table with the packaged program" run_fault_table
}

test_artefacts() {
    say "testing the package (it is built once more, elsewhere, to compare)"
    (cd tests/artefact && CI_LAMBDA_RIE="$root/$cache_dir/bin/aws-lambda-rie" \
        "$root/$venv/bin/python3" -m pytest -q -rs -p no:cacheprovider) ||
        die "tests of the package failed"
}

# The fault table once more, with the program that is shipped for this machine.
run_fault_table() {
    local arch directory=build/packaged
    case "$(uname -m)" in
        aarch64) arch=arm64 ;;
        *) arch=x86_64 ;;
    esac
    rm -rf -- "$directory"
    python3 -m zipfile -e "dist/ci_lambda-$arch.zip" "$directory"
    chmod +x "$directory/bootstrap"
    say "testing the packaged program against the fault table"
    (cd tests/faults && CI_LAMBDA_BOOTSTRAP="$root/$directory/bootstrap" \
        "$root/$venv/bin/python3" -m pytest -q -rs -p no:cacheprovider test_faults.py) ||
        die "the fault table failed with the packaged program"
}
