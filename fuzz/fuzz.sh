# shellcheck shell=bash
# The verb `fuzz` of ./dev, which sources this file. See docs/development.md.

readonly fuzz_programs=build-asan/bin
readonly fuzz_dir="$cache_dir/fuzz"
readonly fuzz_seconds=60
readonly fuzz_longest_input=4096

# How many inputs ./dev check tries: what a slow machine does in about 15 seconds.
declare -rA fuzz_runs=(
    [config]=10000 [deliveries]=5000 [documents]=15000 [door]=20000 [ecr]=20000 [ecs]=10000 [events]=20000 [headers]=30000 [schedules]=15000 [slack]=1500 [tags]=20000 [text]=20000 [time]=100000 [url]=50000
)
readonly fuzz_runs_otherwise=10000

fuzz_targets() { (cd fuzz && printf '%s\n' *.cpp) | sed 's/\.cpp$//'; }

# The directories with a target's inputs; nothing is written to them.
fuzz_corpora() {
    if [[ -d "fuzz/corpus/$1" ]]; then printf '%s\n' "fuzz/corpus/$1"; fi
    if [[ "$1" == events || "$1" == deliveries ]]; then printf '%s\n' tests/fixtures/events; fi
}

build_fuzz() {
    need_packages "fuzz" "${build_packages[@]}" "${clang_packages[@]}"
    if [[ ! -f build-asan/CMakeCache.txt ]]; then step asan-configure "configuring asan" cmake --preset asan; fi
    step fuzz-build "building the fuzz programs" cmake --build --preset fuzz
}

# fuzz_once TARGET JOB NEW_CORPUS OPTION..: one process; its output and its exit code are $log_dir/fuzz-TARGET-JOB.*
fuzz_once() {
    local target=$1 log="$log_dir/fuzz-$1-$2" new=$3 status=0 options=() corpora
    shift 3
    if [[ -f "fuzz/dictionaries/$target" ]]; then options+=("-dict=fuzz/dictionaries/$target"); fi
    mapfile -t corpora < <(fuzz_corpora "$target")
    mkdir -p "$new" "$fuzz_dir/findings"
    ASAN_SYMBOLIZER_PATH="$(find_symbolizer)" \
        "$fuzz_programs/fuzz_$target" -max_len="$fuzz_longest_input" -timeout=20 -print_final_stats=1 \
        -artifact_prefix="$fuzz_dir/findings/$target-" "${options[@]}" "$@" "$new" "${corpora[@]}" \
        >"$log.log" 2>&1 </dev/null || status=$?
    printf '%d\n' "$status" >"$log.status"
}

# What one process has done, on one line; in case of a finding, how to see it again.
fuzz_report() {
    local target=$1 log="$log_dir/fuzz-$1-$2" executions coverage finding
    executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log.log")"
    coverage="$(grep -a -o -E ' cov: [0-9]+' "$log.log" | tail -n 1)"
    printf '    %-10s %12s executions, %6s edges covered\n' "$target" "${executions:-?}" "${coverage# cov: }"
    if [[ "$(<"$log.status")" == 0 ]]; then return 0; fi
    finding="$(sed -n 's/.*Test unit written to //p' "$log.log" | tail -n 1)"
    grep -a -E -A 2 'PROPERTY BROKEN|runtime error:|ERROR: |terminate called' "$log.log" | head -n 12 >&2
    if [[ -z "$finding" ]]; then
        printf 'fuzz_%s could not run; see %s.log\n' "$target" "$log" >&2
    else
        printf 'fuzz_%s found something. To see it again:\n  %s/fuzz_%s %s\n' \
            "$target" "$fuzz_programs" "$target" "$finding" >&2
    fi
    return 1
}

# fuzz_all JOB..: a job is "TARGET NUMBER NEW_CORPUS OPTION..". As many at the same time as there are processors.
# In a shell of its own, which has no other processes to wait for.
fuzz_all() (
    local job running=0 failed=0 words
    mkdir -p "$log_dir"
    for job in "$@"; do
        if ((running == $(nproc))); then
            wait -n
            running=$((running - 1))
        fi
        read -ra words <<<"$job"
        fuzz_once "${words[@]}" &
        running=$((running + 1))
    done
    wait
    for job in "$@"; do
        read -ra words <<<"$job"
        fuzz_report "${words[0]}" "${words[1]}" || failed=1
    done
    ((failed == 0)) || die "fuzzing found something"
)

# run_fuzz [TARGET] [SECONDS]: new inputs stay in .cache/fuzz, so that the next run goes on from there.
run_fuzz() {
    local target='' seconds=$fuzz_seconds targets jobs=() i
    if (($# > 0)) && [[ ! "$1" =~ ^[0-9]+$ ]]; then
        target=$1
        shift
    fi
    if (($# > 0)); then
        [[ $# == 1 && "$1" =~ ^[0-9]+$ ]] || die "usage: ./dev fuzz [TARGET] [SECONDS]"
        seconds=$1
    fi
    mapfile -t targets < <(fuzz_targets)
    if [[ -z "$target" ]]; then
        for i in "${targets[@]}"; do jobs+=("$i 1 $fuzz_dir/$i -max_total_time=$seconds"); done
    elif [[ -f "fuzz/$target.cpp" ]]; then
        # Processes of one target find what the others have found in the directory that they share.
        for ((i = 1; i <= $(nproc); i++)); do
            jobs+=("$target $i $fuzz_dir/$target -max_total_time=$seconds -reload=10")
        done
    else
        die "there is no fuzz target \"$target\"; there are: ${targets[*]}"
    fi
    build_fuzz
    say "fuzzing for $seconds s each: ${target:-${targets[*]}}"
    fuzz_all "${jobs[@]}"
}

# The same inputs in every run: all of the corpora, then a fixed number of new ones.
run_fuzz_briefly() {
    local target targets jobs=() new=build-asan/new
    rm -rf -- "$new"
    mapfile -t targets < <(fuzz_targets)
    for target in "${targets[@]}"; do
        jobs+=("$target 1 $new/$target -seed=1 -runs=${fuzz_runs[$target]:-$fuzz_runs_otherwise}")
    done
    say "fuzzing briefly"
    fuzz_all "${jobs[@]}"
}
