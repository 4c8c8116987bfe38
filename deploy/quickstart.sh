#!/usr/bin/env bash
# quickstart.sh - installs what bpgate needs, builds it, runs it.
#
#   deploy/quickstart.sh                  from nothing to a running gateway on 127.0.0.1:8080
#   deploy/quickstart.sh --install-only   without running it
#
# The Botpress token comes from BOTPRESS_TOKEN; BOTPRESS_BOT_ID, BOTPRESS_WORKSPACE_ID and
# BOTPRESS_INTEGRATION_ID are injected where a client names none. The first start makes a gateway
# key and shows it once.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '== %s\n' "$*" >&2; }
usage() { sed -n '3,/^set/s/^#\( \|$\)//p' deploy/quickstart.sh; }

run=yes
case ${1-} in
'') ;;
--install-only) run=no ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

step "packages"
deploy/install-packages build run
step "build"
cmake --preset release -DBPGATE_TESTS=OFF >/dev/null
cmake --build --preset release
[ "$run" = yes ] || { step "built: build/release/bpgate"; exit 0; }

if [ -z "${BOTPRESS_TOKEN-}" ]; then
    cat >&2 <<'TEXT'
bpgate is built, and needs a Botpress token to run:

    export BOTPRESS_TOKEN=bp_pat_...     # app.botpress.cloud, your profile, Personal Access Tokens
    deploy/quickstart.sh

or write a settings file: see conf/bpgate.yaml, then build/release/bpgate run --config FILE
TEXT
    exit 1
fi
step "run (Ctrl-C ends it)"
exec build/release/bpgate run
