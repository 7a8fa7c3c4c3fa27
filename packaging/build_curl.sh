#!/usr/bin/env bash
# Builds the curl that is linked into the shipped program: HTTP and HTTPS by OpenSSL, proxies, name resolution in a
# thread of its own (so that it can time out), and nothing else.
#
# usage: build_curl.sh ARCH DEBIAN_DIR CACHE_DIR
#
# DEBIAN_DIR is what fetch_debian.sh has made. Prints the directory to find curl in, and nothing else: what the tools say
# goes to standard error. It is built only once for each version of curl, glibc and OpenSSL, each compiler and each recipe
# (this file, curl_openssl.h and the toolchain's).
set -euo pipefail
exec 3>&1 >&2

readonly arch=$1
debian="$(cd -- "$2" && pwd -P)"
mkdir -p "$3"
cache="$(cd -- "$3" && pwd -P)"
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
readonly debian cache here
readonly toolchains="$here/../cmake/toolchains"

version="$(awk '$1 == "curl" { print $3 }' "$debian/versions")"
compiler="$(sed -n 's/^set(CI_LAMBDA_CC \(.*\))$/\1/p' "$toolchains/package-$arch.cmake")"
recipe="$({
    cat "${BASH_SOURCE[0]}" "$here/curl_openssl.h" "$toolchains/package.cmake" "$toolchains/package-$arch.cmake"
    grep -v fmtlib "$debian/versions"
    "$compiler" --version
    printf '%s\n' "$debian" # its OpenSSL is named in the CMake package that curl installs
} | sha256sum | cut -c1-12)"
readonly prefix="$cache/$version-$arch-$recipe"

if [[ ! -e "$prefix/lib/libcurl.a" ]]; then
    build="$(mktemp -d)"
    trap 'rm -rf -- "$build"' EXIT
    # No authority of the build machine is built in: the program names its own, and without one nothing is trusted.
    # For speed, unlike the rest: curl puts its texts together byte by byte, and -Os makes each of these copies slow.
    cmake -S "$debian/curl" -B "$build" -G Ninja -Wno-dev \
        -DCMAKE_TOOLCHAIN_FILE="$toolchains/package-$arch.cmake" -DCI_LAMBDA_SYSROOT="$debian/sysroot-$arch" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON "-DCMAKE_C_FLAGS_RELEASE=-O2 -DNDEBUG -include $here/curl_openssl.h" \
        -DCMAKE_INSTALL_PREFIX="$prefix.new" \
        -DBUILD_SHARED_LIBS=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF \
        -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF -DCURL_USE_PKGCONFIG=OFF \
        -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON -DENABLE_THREADED_RESOLVER=ON \
        -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON \
        -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF \
        -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DCURL_USE_GSASL=OFF -DUSE_LIBRTMP=OFF \
        -DCURL_DISABLE_LDAP=ON -DCURL_DISABLE_LDAPS=ON -DCURL_DISABLE_IPFS=ON -DCURL_DISABLE_WEBSOCKETS=ON \
        -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_NETRC=ON \
        -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_MIME=ON -DCURL_DISABLE_FORM_API=ON -DCURL_DISABLE_SRP=ON \
        -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_KERBEROS_AUTH=ON -DCURL_DISABLE_NEGOTIATE_AUTH=ON \
        -DCURL_DISABLE_PROGRESS_METER=ON -DCURL_DISABLE_GETOPTIONS=ON -DCURL_DISABLE_LIBCURL_OPTION=ON \
        -DCURL_DISABLE_HEADERS_API=ON -DCURL_DISABLE_BINDLOCAL=ON -DENABLE_UNIX_SOCKETS=OFF
    cmake --build "$build"
    rm -rf -- "$prefix" "$prefix.new"
    cmake --install "$build"
    # An option that another release calls otherwise is ignored in silence, so what was built is looked at.
    built="$("$prefix.new/bin/curl-config" --protocols --features | sort | tr '\n' ' ')"
    if [[ "$built" != "AsynchDNS HTTP HTTPS HTTPS-proxy "*" SSL "* ]]; then
        printf 'build_curl: curl %s came out with other features than it should have: %s\n' "$version" "$built" >&2
        exit 1
    fi
    mv -- "$prefix.new" "$prefix"
fi
printf '%s\n' "$prefix" >&3
