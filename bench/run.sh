#!/usr/bin/env bash
# run.sh - the gateway beside nginx, HAProxy and Varnish: installs and builds what is needed, measures.
#
#   bench/run.sh                       all cases, medians of 5 rounds; about half an hour
#   bench/run.sh --quick               one short round of all: whether it works, not how fast it is
#   bench/run.sh --write               also writes bench/RESULTS.md and bench/results.svg
#   bench/run.sh --case hit --case idle --system bpgate --system nginx --rounds 3 --seconds 1
#   bench/run.sh --instructions [--write]   instructions of a hit and a miss against instructions.txt
#   bench/run.sh --workers             two workers against one
#   bench/run.sh --soak [SECONDS]      whether memory grows at full rate
#   bench/run.sh --growth              instructions of a look-up, with ten and with up to a million of each
#
# Two cores: the proxy that is measured has the first, upstream and load generator have the second.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-packages build bench
mkdir -p build
{ cmake --preset release && cmake --build --preset release --target bpgate bench_load bench_floor bench_growth; } \
    >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }

case ${1-} in
--instructions | --growth | --workers | --soak)
    mode=${1#--}
    shift
    exec node "bench/$mode.mjs" "$@"
    ;;
esac
exec node bench/compare.mjs "$@"
