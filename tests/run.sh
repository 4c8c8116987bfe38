#!/usr/bin/env bash
# run.sh - installs what the tests need, builds, and runs the checks, the cheap ones first.
#
#   tests/run.sh              everything of continuous integration; corpora of the fuzz targets are replayed
#   tests/run.sh --quick      static checks; release build with unit and integration tests
#   tests/run.sh --long       everything, 60 s a fuzz target, 10 000 reloads, clang-tidy, cppcheck
#   tests/run.sh --coverage   which lines of src the unit and integration tests run; at least 85 %
#   tests/run.sh --only STEP  one step: static, release, bench, asan, tsan, tidy, fuzz, cppcheck or
#                             coverage
#
# Stops after the first step that fails. The last line says how many tests passed and failed: what
# ctest and node count, and one for each static check, fuzz target and analysed file.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

jobs=$(nproc)
passed=0
failed=0
fuzz_seconds=3
reloads=150
least_coverage=85

say() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

# Runs a command as one test.
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        return 1
    fi
}

# Builds a preset; a build that fails counts as a failed test, one that succeeds as none.
build() {
    local preset=$1 log
    shift
    mkdir -p build
    log=build/$preset.log
    say "build $preset"
    # deploy/quickstart.sh builds in the same place, without tests.
    cmake --preset "$preset" -DBPGATE_WERROR=ON -DBPGATE_TESTS=ON >"$log" 2>&1 &&
        cmake --build --preset "$preset" -j "$jobs" "$@" >>"$log" 2>&1 && return
    cat "$log"
    failed=$((failed + 1))
    return 1
}

# Runs the unit tests and corpora of a preset; further arguments choose among them.
unit() {
    local preset=$1 log=build/$1.ctest summary
    shift
    say "unit tests, $preset"
    "${prefix[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$jobs" "$@" |
        tee "$log"
    local status=${PIPESTATUS[0]}
    summary=$(grep -Eo '[0-9]+ tests failed out of [0-9]+' "$log") || summary="1 tests failed out of 1"
    failed=$((failed + ${summary%% *}))
    passed=$((passed + ${summary##* } - ${summary%% *}))
    return "$status"
}

node_count() {
    awk -v what="$2" '$1 == "#" && $2 == what { count = $3 } END { print count + 0 }' "$1"
}

# Runs plays of tests/integration against the binary of a preset. They wait more than they work: node would run
# one file at a time on two cores.
integration() {
    local preset=$1 log=build/$1.tap
    shift
    say "integration tests, $preset"
    BPGATE=$PWD/build/$preset/bpgate "${prefix[@]}" node --test --test-concurrency=$((jobs + 1)) \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$log" "$@"
    local status=$?
    local bad=$(($(node_count "$log" fail) + $(node_count "$log" cancelled)))
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + $(node_count "$log" pass)))
    failed=$((failed + bad))
    return "$status"
}

prepare() {
    say "packages"
    local sections=(build test)
    [[ " ${steps[*]} " != *" bench "* ]] || sections+=(bench)
    [[ " ${steps[*]} " != *" cppcheck "* ]] || sections+=(long)
    [[ " ${steps[*]} " != *" coverage "* ]] || sections+=(coverage)
    deploy/install-packages "${sections[@]}" || return
    # npm leaves this file when it has finished.
    local installed=tests/node_modules/.package-lock.json
    [ "$installed" -nt tests/package-lock.json ] ||
        npm ci --prefix tests --no-audit --no-fund --loglevel=error
}

step_static() {
    say "static checks"
    local bad=0
    check format .ci/check-format || bad=1
    check layers .ci/check-layers .ci/layers.txt src || bad=1
    check words .ci/check-words || bad=1
    check sizes .ci/check-sizes || bad=1
    check mirror .ci/check-mirror || bad=1
    return $bad
}

# Where none can be recorded the build does without; here one can.
has_profile() { compgen -G 'build/release/profile/*.gcda' >/dev/null; }

step_release() {
    local -x BPGATE_RELOADS=$reloads
    build release && check profile has_profile &&
        check settings .ci/check-settings build/release/bpgate &&
        check filters build/release/bpgate filter test lua-filters && unit release &&
        integration release tests/integration/*.test.js
}

# Whether the bench works; times are not judged, as the machine may be busy. Instructions are.
step_bench() {
    build release || return
    say "bench, one short round"
    check bench bench/run.sh --quick && check instructions bench/run.sh --instructions
}

step_asan() {
    local -x BPGATE_SLOW=1 UBSAN_OPTIONS=print_stacktrace=1
    # Plays of what surrounds the gateway have shown all with the release build.
    local plays=() play
    for play in tests/integration/*.test.js; do
        case ${play##*/} in
        dashboard.* | deploy* | install-packages.* | prometheus.* | quickstart.* | readme.* | stand-in.*) ;;
        *) plays+=("$play") ;;
        esac
    done
    build clang && unit clang && integration clang "${plays[@]}"
}

# Only what threads share: the rest runs in one loop, where there is nothing to race with.
step_tsan() {
    local -x BPGATE_SLOW=1 TSAN_OPTIONS="suppressions=$PWD/tests/tsan.txt"
    # Where addresses are too random for the shadow memory of an older ThreadSanitizer.
    local prefix=()
    ! setarch -R true 2>/dev/null || prefix=(setarch -R)
    build tsan && unit tsan -R 'test_(log_writer|mailbox|cache|entry_heap|limit_table|shared_dict)$' || return
    local races=(tests/integration/races*.test.js)
    [ ! -e "${races[0]}" ] || integration tsan "${races[@]}"
}

step_tidy() {
    [ -e build/clang/compile_commands.json ] || build clang || return
    say "clang-tidy"
    local sources bad
    mapfile -t sources < <(find src -name '*.c' | sort)
    bad=$(printf '%s\n' "${sources[@]}" |
        xargs -P "$jobs" -I {} sh -c 'clang-tidy -p build/clang --quiet {} >build/tidy.$$ 2>&1 ||
            { cat build/tidy.$$ >&2; echo {}; }; rm build/tidy.$$')
    local count
    count=$(printf '%s' "$bad" | grep -c .)
    failed=$((failed + count))
    passed=$((passed + ${#sources[@]} - count))
    [ "$count" -eq 0 ]
}

# What was found before stays in build/fuzz/found and is where the next run begins.
fuzz_one() {
    local name=$1 found=build/fuzz/found/$1 log=build/fuzz/$1.log
    mkdir -p "$found"
    "build/fuzz/tests/$name" -max_total_time="$fuzz_seconds" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" "$found" "tests/fuzz/corpus/$name" >"$log" 2>&1 &&
        sed -n "s/^stat::number_of_executed_units: */ok: $name, units: /p" "$log" && return
    tail -n 60 "$log"
    return 1
}

step_fuzz() {
    build fuzz --target fuzzers || return
    say "fuzzing, $fuzz_seconds s a target, $jobs at a time"
    local targets bad count
    mapfile -t targets < <(basename -s .c tests/fuzz/fuzz_*.c)
    export -f fuzz_one
    export fuzz_seconds
    bad=$(printf '%s\n' "${targets[@]}" |
        xargs -P "$jobs" -I {} bash -c 'fuzz_one {} >&2 || echo {}')
    count=$(printf '%s' "$bad" | grep -c .)
    [ "$count" -eq 0 ] || sed 's/^/FAILED: /' <<<"$bad"
    failed=$((failed + count))
    passed=$((passed + ${#targets[@]} - count))
    [ "$count" -eq 0 ]
}

step_cppcheck() {
    say "cppcheck"
    check cppcheck cppcheck --quiet --std=c11 --enable=warning,portability,performance \
        --inline-suppr --error-exitcode=1 -j "$jobs" -Isrc src
}

# Lines of src by folder, from gcovr's table of files.
sum_coverage() {
    awk -F, -v least="$least_coverage" '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    {
        split($column["filename"], path, "/")
        folder = path[3] ? path[1] "/" path[2] : path[1]
        lines[folder] += $column["line_total"]; run[folder] += $column["line_covered"]
        all += $column["line_total"]; all_run += $column["line_covered"]
    }
    function row(name, run, lines) {
        return sprintf("%-14s %6d of %6d lines  %5.1f %%", name, run, lines, 100 * run / lines)
    }
    END {
        if (all == 0) { print "no line was counted"; exit 1 }
        for (folder in lines) print row(folder, run[folder], lines[folder]) | "sort"
        close("sort")
        print row("all", all_run, all)
        exit 100 * all_run < least * all
    }' "$1"
}

step_coverage() {
    local -x BPGATE_SLOW=1
    build coverage || return
    find build/coverage -name '*.gcda' -delete
    unit coverage && integration coverage tests/integration/*.test.js || return
    say "lines of src that the tests run"
    gcovr --root . --filter src/ --csv -o build/coverage.csv -j "$jobs" build/coverage/CMakeFiles &&
        check "coverage, at least $least_coverage %" sum_coverage build/coverage.csv
}

usage() { sed -n '2,/^set/s/^#\( \|$\)//p' tests/run.sh; }

steps=(static release bench asan tsan)
case ${1-} in
'') ;;
--quick) steps=(static release) ;;
--long) steps+=(fuzz tidy cppcheck) fuzz_seconds=60 reloads=10000 ;;
--coverage) steps=(coverage) ;;
--only) steps=("${2-}") ;;
--help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
declare -F "step_${steps[0]}" >/dev/null || { usage >&2; exit 2; }

prefix=()
prepare || { echo "run.sh: cannot install what the tests need" >&2; exit 1; }
for step in "${steps[@]}"; do
    "step_$step" || { say "stopped at the step: $step"; break; }
done
say "the end"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
