#!/usr/bin/env bash
# quickstart.sh - from nothing to a running gateway: installs what is missing, builds, runs.
#
#   deploy/quickstart.sh                  on 127.0.0.1:8080, until Ctrl-C
#   deploy/quickstart.sh --port N         on another port
#   deploy/quickstart.sh --install-only   installs and builds, runs nothing
#
# With BOTPRESS_TOKEN set, it forwards to https://api.botpress.cloud; BOTPRESS_BOT_ID,
# BOTPRESS_WORKSPACE_ID and BOTPRESS_INTEGRATION_ID, if set, are injected where a client names none.
# Without a token, a small stand-in of the API runs beside it, to try things out.
#
# What it makes is kept for the next run: the build below build/, and the gateway's key, settings and
# the stand-in's certificate in $XDG_STATE_HOME/bpgate (else ~/.local/state/bpgate).
set -euo pipefail
cd "$(dirname "$0")/.."

api=https://api.botpress.cloud
stand_in_token=bp_pat_of_the_stand_in_alone_demo
build=${BPGATE_BUILD:-build/release} # where to build, or a build that is there already
ready_s=30

bold='' plain=''
if [ -t 2 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi
step() { printf '%s== %s%s\n' "$bold" "$*" "$plain" >&2; }
say() { printf '%s\n' "$@" >&2; }
fail() { say "quickstart: $1" "${@:2}"; exit 1; }
usage() { sed -n '2,/^set/s/^#\( \|$\)//p' deploy/quickstart.sh; }
misused() { say "quickstart: $1" ""; usage >&2; exit 2; }

# --- What it starts, and how that ends ---

# A shell forgets a SIGINT that comes while a command of its runs and ends in order: it takes it for the
# command's own. So this one does nothing but wait, which no signal is lost in, and passes each on as SIGTERM
# to one that does the work and, being in the background, ignores SIGINT.
pass_signals() {
    local code='' result=0 worker=''
    # The worker may have ended, or not begun.
    pass() { code=$1 && { [ -z "$worker" ] || kill -TERM "$worker" 2>/dev/null || true; }; }
    trap 'pass 130' INT
    trap 'pass 143' TERM
    trap 'pass 129' HUP
    inside_quickstart=yes setpriv --pdeathsig TERM -- "$BASH" deploy/quickstart.sh "$@" <&0 &
    worker=$!
    [ -z "$code" ] || pass "$code"
    until
        result=0
        wait "$worker" || result=$? # a signal ends it too
        ! kill -0 "$worker" 2>/dev/null
    do :; done
    exit "${code:-$result}"
}
[ -n "${inside_quickstart-}" ] || pass_signals "$@"
unset inside_quickstart

# A child is a process group of its own, so that Ctrl-C reaches this script alone, which then ends the
# children one by one; setpriv lets them end, too, when the script is killed.
start() { exec setsid setpriv --pdeathsig TERM -- "$@"; }
end_child() { kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || true; }

# The newest first: the gateway finishes what it has been asked while the stand-in still answers. A
# second signal makes it leave at once.
end_children() {
    local pid
    for pid in $(jobs -pr | tac); do
        trap 'end_child "$pid"' TERM
        end_child "$pid"
        while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
    done
}
trap end_children EXIT
trap 'exit 143' TERM
trap '' HUP

# Waits until the command succeeds; fails when the child ends first or it takes too long.
await() {
    local pid=$1 last=$((SECONDS + ready_s))
    shift
    until "$@"; do
        kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $last ] || return 1
        sleep 0.05
    done
}

# --- Build ---

configure() {
    local log
    log=$(cmake --preset release -B "$build" -DBPGATE_TESTS=OFF 2>&1) || fail "cmake says:" "$log"
}

make_it() {
    exec 9<.
    flock -n 9 || { say "another quickstart is building here; waiting for it" && flock 9; }
    [ -e "$build/build.ninja" ] || configure
    # Not by way of cmake, which would leave ninja behind.
    start ninja -C "$build" bpgate stand-in >&2 &
    wait $! || fail "the build failed; what it said is above"
    exec 9<&-
}

# --- What is kept ---

# Where the binary, too, keeps the key of a gateway without a settings file (src/config/first_key.h).
state_folder() {
    local systemds=${STATE_DIRECTORY-}
    if [ -n "$systemds" ]; then
        echo "${systemds%%:*}"
    elif [ -n "${XDG_STATE_HOME-}" ]; then
        echo "$XDG_STATE_HOME/bpgate"
    elif [ -n "${HOME-}" ]; then
        echo "$HOME/.local/state/bpgate"
    else
        fail "there is no place for the gateway's key: set XDG_STATE_HOME to a folder"
    fi
}

# Made under another name and linked: of two starts at once one wins.
make_key() {
    local new
    new=$(mktemp "$key_file.XXXXXX")
    "$build/bpgate" key new --name default --profile default --json |
        grep -o 'bpg_[0-9A-Za-z]*_[0-9A-Za-z]*_[0-9A-Za-z]*' >"$new" ||
        fail "$build/bpgate key new made no key"
    ln "$new" "$key_file" 2>/dev/null && is_new=yes
    rm -f "$new"
}

take_key() {
    is_new=no
    [ -e "$key_file" ] || make_key
    key=$(<"$key_file")
    # Whose it is does not matter here, and there may be settings elsewhere that do not know it.
    [[ $("$build/bpgate" key check - <<<"$key" 2>/dev/null) == "form: good"* ]] ||
        fail "the gateway's key, $key_file, is damaged; remove it for a new one"
    [ $is_new = no ] ||
        say "made a gateway key, kept in $key_file:" "" "    $key" "" \
            "Clients use it as their token. It is shown this once."
}

# A line of the profile for an id that is set.
id_line() {
    [ -n "$2" ] || return 0
    case $2 in *[!A-Za-z0-9_.-]*) fail "$1 is no id: $2" ;; esac
    printf '    %s: "%s"\n' "$1" "$2"
}

write_settings() {
    local id secret
    IFS=_ read -r _ id secret _ <<<"$key"
    {
        echo "# Written anew by deploy/quickstart.sh at each start: copy it to change it."
        printf 'listen:\n  - address: 127.0.0.1:%s\n' "$port"
        printf 'upstream:\n  url: "%s"\n' "$upstream"
        [ -z "$authority" ] || printf '  ca_file: "%s"\n' "$authority"
        printf 'credentials:\n  - {name: default, token: "env:BOTPRESS_TOKEN"}\n'
        printf 'profiles:\n  - name: default\n    credential: default\n'
        id_line workspace_id "${BOTPRESS_WORKSPACE_ID-}"
        id_line bot_id "${BOTPRESS_BOT_ID-}"
        id_line integration_id "${BOTPRESS_INTEGRATION_ID-}"
        printf 'keys:\n  - id: "%s"\n    name: default\n    profile: default\n' "$id"
        printf '    hashes: [{sha256: "%s"}]\n' "$(printf %s "$secret" | sha256sum | cut -c-64)"
    } >"$settings.$$"
    mv "$settings.$$" "$settings"
}

# --- Run ---

start_stand_in() {
    local address=$state/stand-in-$port.address
    deploy/stand-in/certify "$state/stand-in" || exit 1
    : >"$address"
    start "$build/stand-in" "$state/stand-in/server.pem" "$state/stand-in/server.key" >"$address" &
    stand_in=$!
    await $stand_in [ -s "$address" ] || fail "the stand-in of the API did not start"
    upstream=https://$(<"$address")
    authority=$state/stand-in/ca.pem
    export BOTPRESS_TOKEN=$stand_in_token
    export BOTPRESS_WORKSPACE_ID=wkspace_quickstart BOTPRESS_BOT_ID=bot_quickstart
    unset BOTPRESS_INTEGRATION_ID
}

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

refuse_taken_port() {
    ! is_taken ||
        fail "port $port is taken: something listens on it (\`ss -ltnp 'sport = :$port'\` shows what)." \
            "Stop that, or choose another port: deploy/quickstart.sh --port $((port % 65535 + 1))"
}

start_gateway() {
    start "$build/bpgate" run --config "$settings" &
    gateway=$!
    await $gateway is_taken || fail "the gateway did not start; what it said is above"
}

# What a line shows, and the line to paste; $1 is the key, a word of the shell.
explain() { say "" "$1"; }
curl_line() { say "    curl -i -H \"Authorization: Bearer $1\" http://127.0.0.1:$port$2"; }

show_lines_of_stand_in() {
    local hub=/v1/admin/hub/integrations/telegram/1.0.0
    explain "What reaches the API, as it answers: the gateway's token, masked here, and a bot's id:"
    curl_line "$kept" /v1/chat/users
    if [[ $("$build/bpgate" settings) == *$'\n'cache.* ]]; then
        explain "The hub, twice: the API is asked once, then Cache-Status says hit:"
    else
        explain "The hub, twice: each time the API is asked, which x-stand-in-answer counts:"
    fi
    curl_line "$kept" $hub
    curl_line "$kept" $hub
    explain "An edge proxy's HTML page comes as the JSON error that Botpress clients understand:"
    curl_line "$kept" /v1/chat/users/behind-a-broken-edge
}

show_lines_of_api() {
    explain "The account behind the token, asked with the gateway's key:"
    curl_line "$kept" /v1/admin/account/me
    explain "The hub, which any key may read:"
    curl_line "$kept" "/v1/admin/hub/integrations"
}

show_lines() {
    local kept
    kept="\$(cat $(printf %q "$key_file"))"
    step "it runs; in another terminal:"
    if [ -n "$stand_in" ]; then show_lines_of_stand_in; else show_lines_of_api; fi
    explain "A key that is none is refused, and nothing is sent on:"
    curl_line bpg_mistyped /v1/chat/users
    say "" "A client moves over by apiUrl http://127.0.0.1:$port and the key as its token." \
        "Settings: $settings"
    step "a line for each request follows; Ctrl-C ends it"
}

run() {
    local name=$api
    step "run"
    refuse_taken_port
    umask 077
    state=$(state_folder)
    mkdir -p "$state" || fail "cannot keep anything in $state: set XDG_STATE_HOME to another folder"
    key_file=$state/first.key settings=$state/quickstart-$port.yaml
    upstream=$api authority='' stand_in=''
    take_key
    if [ -z "${BOTPRESS_TOKEN-}" ]; then
        name="a stand-in"
        say "BOTPRESS_TOKEN is not set: a stand-in of the API answers instead of $api."
        start_stand_in
    fi
    write_settings
    start_gateway
    say "it forwards to $name"
    show_lines
    # shellcheck disable=SC2086 # there may be no stand-in
    wait -n $gateway $stand_in || true
    ! kill -0 $gateway 2>/dev/null || fail "the stand-in of the API has ended"
    wait $gateway
}

port=8080 runs=yes
while [ $# -gt 0 ]; do
    case $1 in
    --install-only) runs=no ;;
    --port)
        [[ ${2-} =~ ^[1-9][0-9]{0,4}$ ]] || misused "--port takes a number, 1 to 65535"
        [ "$2" -le 65535 ] || misused "there is no port $2; the last is 65535"
        port=$2
        shift
        ;;
    --help | -h) usage; exit 0 ;;
    *) misused "there is no option $1" ;;
    esac
    shift
done

step "packages"
# Ctrl-C may end what sudo asks and apt does.
env --default-signal=INT deploy/install-packages build run quickstart
step "build"
make_it
if [ $runs = no ]; then
    step "built: $build/bpgate"
else
    run
fi
