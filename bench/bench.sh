# shellcheck shell=bash
# The verb `bench` of ./dev, which sources this file. See docs/benchmarks.md.

readonly bench_dir=build/bench

# GOTOOLCHAIN: a Go that is too old says so, instead of downloading another one.
build_go_bench() {
    CGO_ENABLED=0 GOTOOLCHAIN=local go build -C bench/go -trimpath -tags lambda.norpc -ldflags '-s -w' \
        -o "$root/$bench_dir/go"
}

build_bench() { cmake --preset release && cmake --build --preset release --target bench_driver bench_floor; }

run_bench() {
    local go=()
    run_package
    need_packages "build" "${build_packages[@]}"
    need_packages "measure TLS" "${test_packages[@]}"
    ensure_python
    mkdir -p "$bench_dir"
    step bench-build "building the floor and the driver" build_bench
    rm -f -- "$bench_dir/go"
    if ! command -v go >/dev/null; then
        say "go is not installed: nothing is compared with Go"
    elif logged bench-go "building the Go bootstrap" build_go_bench; then
        go=(--go "$bench_dir/go")
    else
        say "go cannot build the Go bootstrap (see $log_dir/bench-go.log): nothing is compared with Go"
    fi
    say "measuring (six minutes; the less else runs here, the better)"
    PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python3" bench/run.py --driver build-release/bin/bench_driver \
        --floor build-release/bin/bench_floor "${go[@]}" --dist dist --work "$bench_dir" || die "the bench failed"
}
