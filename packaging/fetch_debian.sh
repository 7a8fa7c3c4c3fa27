#!/usr/bin/env bash
# Fetches from Debian what goes into the shipped program: the sources of curl and {fmt}, and for both architectures the
# static libraries of OpenSSL and glibc.
#
# usage: fetch_debian.sh TARGET_DIR [--allow-older]
#
#   TARGET_DIR/curl, fmtlib     these sources with Debian's patches applied
#   TARGET_DIR/sysroot-ARCH     the development packages of x86_64 and arm64, unpacked
#   TARGET_DIR/versions         one line for each of them: PACKAGE ARCH VERSION SOURCE_VERSION [NEWEST]
#
# NEWEST stands there where the archive lists a newer version but does not have it; that is an error without --allow-older.
#
# An apt configuration of its own, below the target, is used: it needs no root, adds no architecture to the machine,
# and sees the archive's newest packages even where the machine's are old. Where the archive is mirrored is taken from
# the machine's own configuration; what it sends must be signed by the archive's keys.
set -euo pipefail

readonly target=$1
allow_older=false
if [[ "${2:-}" == --allow-older ]]; then allow_older=true; fi
readonly allow_older
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# A newer curl than Debian 12's 7.88, and one that gets security patches for longer.
readonly preferred_curl_codename=trixie

codename="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")"
readonly codename

die() {
    printf 'fetch_debian: %s\n' "$*" >&2
    exit 1
}

[[ -r "$keyring" ]] || die "$keyring is missing: apt-get install debian-archive-keyring"

mkdir -p "$target/apt/lists/partial" "$target/apt/cache/archives/partial" "$target/packages"
work="$(cd -- "$target" && pwd -P)"
readonly work
: >"$work/older"

# shellcheck source=packaging/debian_archive.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/debian_archive.sh"

# Lines "URI SUITE" of this Debian release, as this machine's apt is configured.
machine_suites() {
    # Origin is known only once the machine has downloaded the lists; a foreign one is not ours to ask.
    apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(ORIGIN) $(REPO_URI) $(RELEASE)' |
        awk -v codename="$codename" '
            $1 == "Packages" && $2 == "main" && ($3 == "Debian" || $3 == "$(ORIGIN)") &&
            ($5 == codename || $5 == codename "-updates" || $5 == codename "-security") && !seen[$4, $5]++ {
                print $4, $5
            }'
}

# write_sources CODENAME..: this machine's release, and the sources of those that are named.
write_sources() {
    local uri suite source_codename
    while read -r uri suite; do
        printf 'deb [arch=amd64,arm64 signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite"
        for source_codename in "$@"; do
            # trixie for bookworm, trixie-security for bookworm-security
            printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$uri" "${suite/#$codename/$source_codename}"
        done
    done < <(machine_suites) >"$work/apt/sources.list"
    [[ -s "$work/apt/sources.list" ]] ||
        die "apt is not configured for Debian ${codename:-(unknown release)}; this needs Debian 12 or newer"
}

write_sources "$codename" "$preferred_curl_codename"
if ! apt_private apt-get update --error-on=any; then
    printf 'WARNING: no sources of %s on this mirror; the curl of %s will do\n' "$preferred_curl_codename" "$codename" >&2
    write_sources "$codename"
    apt_private apt-get update --error-on=any
fi

cd -- "$work/packages"
fetch curl Sources apt-get source --download-only
# This release's own: the one that the tests run with.
fetch fmtlib " $codename[^ ]* Sources" apt-get source --download-only
for package in lib{ssl,c6}-dev:{amd64,arm64}; do fetch "$package" Packages apt-get download; done

cd -- "$work"
# apt has checked the .dsc against the signed index; the uploader's own signature adds nothing to that.
for source in curl fmtlib; do dpkg-source --no-check -x "packages/${source}_"*.dsc "$source"; done
{
    for source in curl fmtlib; do
        version="$(awk '$1 == "Version:" { print $2; exit }' "packages/${source}_"*.dsc)"
        printf '%s all %s %s %s\n' "$source" "$version" "$version" "$(newest_listed "$source")"
    done
    for package in packages/*.deb; do
        debian_arch="$(dpkg-deb -f "$package" Architecture)"
        case "$debian_arch" in
            amd64) arch=x86_64 ;;
            arm64) arch=arm64 ;;
        esac
        dpkg-deb -x "$package" "sysroot-$arch"
        newest="$(newest_listed "$(dpkg-deb -W --showformat='${Package}' "$package"):$debian_arch")"
        dpkg-deb -W --showformat='${Package} '"$arch"' ${Version} ${source:Version} '"$newest"'\n' "$package"
    done
} | sed 's/ *$//' >versions

# On x86_64 this is a linker script that names the machine's own library by its path; next to it is the fetched one.
sed -i 's, /usr/lib/[^ /]*/, ,g' sysroot-x86_64/usr/lib/x86_64-linux-gnu/libm.a

# OpenSSL is C that nothing is thrown through, so its tables for unwinding (half a megabyte) are never read.
for library in sysroot-{x86_64,arm64}/usr/lib/*/lib{ssl,crypto}.a; do
    triple="$(basename -- "$(dirname -- "$library")")"
    "$triple-objcopy" --remove-section=.eh_frame --remove-section=.rela.eh_frame "$library"
done

rm -rf -- apt packages older ./*.orig.tar.*
cat versions
