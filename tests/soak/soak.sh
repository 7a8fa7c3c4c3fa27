# shellcheck shell=bash
# The verb `soak` of ./dev, which sources this file. See docs/development.md.

build_soak() { cmake --preset release && cmake --build --preset release --target bootstrap soak_clock; }

# run_soak [EVENTS] [--seed NUMBER]
run_soak() {
    need_packages "build" "${build_packages[@]}"
    need_packages "test" "${test_packages[@]}"
    step soak-build "building the function, optimised" build_soak
    "$(find_python)" tests/soak/run.py --program build-release/bootstrap \
        --clock build-release/lib/libsoak_clock.so "$@" || die "the soak failed"
}
