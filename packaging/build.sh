#!/usr/bin/env bash
# Builds the Lambda for one architecture and zips it: dist/ci_lambda-ARCH.zip.
#
# usage: build.sh ARCH COMMIT
#
# ARCH is x86_64 or arm64; COMMIT stands in the program, for its --version. What comes from Debian must be in
# .cache/debian (fetch_debian.sh). The bytes depend on the sources, on COMMIT, on what Debian sent and on the
# compiler, and not on where or when they are made.
set -euo pipefail

readonly arch=$1 commit=$2
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
readonly build=build/package-$arch

# GCC alone: Debian 12's tools for archives do not read what clang would hand to the linker.
whole=OFF
[[ $arch != x86_64 ]] || whole=ON

curl="$(packaging/build_curl.sh "$arch" .cache/debian .cache/curl)"
cmake -S . -B "$build" -G Ninja \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/toolchains/package-$arch.cmake" -DCI_LAMBDA_SYSROOT="$PWD/.cache/debian/sysroot-$arch" \
    -DCURL_DIR="$curl/lib/cmake/CURL" -DCI_LAMBDA_FMT_SOURCE="$PWD/.cache/debian/fmtlib" -DCI_LAMBDA_COMMIT="$commit" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DCI_LAMBDA_ONLY_BOOTSTRAP=ON -DCI_LAMBDA_WERROR=ON \
    -DCMAKE_INTERPROCEDURAL_OPTIMIZATION="$whole"
cmake --build "$build" --target bootstrap
mkdir -p dist
python3 packaging/write_zip.py "$build/bootstrap" "dist/ci_lambda-$arch.zip"
