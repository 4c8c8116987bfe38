#!/usr/bin/env bash
# run.sh - the gateway beside nginx, HAProxy and Varnish: installs and builds what is needed, measures.
#
#   bench/run.sh                       everything, medians of 15 rounds; some forty minutes, longer where the host has others to run
#   bench/run.sh --write               also writes bench/RESULTS.md and bench/results.svg
#   bench/run.sh --quick               one short round of all cases: whether it works, not how fast it is
#   bench/run.sh --case hit --case idle --system bpgate --system nginx --rounds 5 --seconds 1
#   bench/run.sh --soak [SECONDS]      whether memory grows at full rate
#   bench/run.sh --steps               each step of a hit by itself: instructions and time
#   bench/run.sh --growth              instructions of a look-up, with ten and with up to a million of each
#   bench/run.sh --workers             two workers against one
#   bench/run.sh --instructions [--write]   instructions of a hit and a miss against instructions.txt
#
# Says which promises hold (promises.mjs), and ends with 1 when one does not.
# Two cores: the proxy that is measured has the first, upstream and load generator have the second.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-packages build bench
mkdir -p build
{ cmake --preset release && cmake --build --preset release --target bpgate bench_load bench_floor bench_steps; } \
    >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }

exec node bench/main.mjs "$@"
