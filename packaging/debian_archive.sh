# shellcheck shell=bash
# How packages come from Debian's archive: with an apt configuration of its own, below $work. fetch_debian.sh sources this;
# it sets $work and $allow_older, and has die.

apt_private() {
    local command=$1
    shift
    # What protects against an old or foreign mirror is said here, whatever the machine's own configuration allows.
    "$command" -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State=$work/apt" -o "Dir::Cache=$work/apt/cache" -o Dir::Cache::pkgcache=packages.bin \
        -o Dir::Cache::srcpkgcache=sources.bin -o APT::Sandbox::User=root \
        -o Acquire::Check-Valid-Until=true -o Acquire::AllowInsecureRepositories=false \
        -o Acquire::AllowDowngradeToInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false \
        -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=3 "$@"
}

# fetch PACKAGE INDEX COMMAND..: the newest version of the package, of those in an index whose name ends in the pattern
# INDEX. Mirrors have been seen to list a security update without its files. Whoever can make a mirror do that keeps the
# update away; so an older version is taken only with $allow_older, and stands in $work/older, in a line "PACKAGE NEWEST".
fetch() {
    local package=$1 index=$2 newest='' version
    shift 2
    while read -r version; do
        newest=${newest:-$version}
        if [[ "$version" != "$newest" && "$allow_older" != true ]]; then
            die "the mirror lists $package $newest but does not have it. Try again later, or with another mirror; with
  ./dev package --allow-older (or CI_LAMBDA_ALLOW_OLDER=true) the next older one that there is will be taken, and the bill of
  materials says so"
        fi
        if apt_private "$@" "$package=$version"; then
            if [[ "$version" != "$newest" ]]; then
                printf 'WARNING: %s is %s, older than %s, which the mirror lists but does not have\n' \
                    "$package" "$version" "$newest" >&2
                printf '%s %s\n' "$package" "$newest" >>"$work/older"
            fi
            return 0
        fi
    done < <(apt_private apt-cache madison "$package" |
        awk -F ' *[|] *' -v index_name="$index\$" '$3 ~ index_name { print $2 }' | sort -u -V -r)
    die "no version of $package could be downloaded"
}

# newest_listed PACKAGE: the version that the mirror lists and does not have, if an older one was taken for it.
newest_listed() { awk -v package="$1" '$1 == package { print $2 }' "$work/older"; }
