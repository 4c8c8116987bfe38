# Completion of bpgate for bash: the output of `bpgate completion bash`.
_bpgate_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
}

_bpgate() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} seconds= words=
    COMPREPLY=()
    # readline takes --config=FILE for three words.
    if [ "$current" = = ]; then
        current=
    elif [ "$previous" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W 'run check routes explain key filter purge reload settings completion version help --help --version' -- "$current"))
        return
    fi
    case $command in
    key)
        seconds='new check rotate --help'
        ;;
    filter)
        seconds='check test --help'
        ;;
    esac
    if [ -n "$seconds" ] && [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "$seconds" -- "$current"))
        return
    fi
    [ -z "$seconds" ] || command="$command ${COMP_WORDS[2]}"
    case "$command" in
    'run') words='--config --help' ;;
    'check') words='--config --help' ;;
    'routes') words='--service --json --help' ;;
    'explain') words='--key --header --address --json --config --admin --token-from --help' ;;
    'key new') words='--name --profile --operations --expires --json --help' ;;
    'key check') words='--config --help' ;;
    'key rotate') words='--config --overlap --json --help' ;;
    'filter check') words='--options --help' ;;
    'filter test') words='--help' ;;
    'purge') words='--tag --url --operation --all --hard --config --admin --token-from --help' ;;
    'reload') words='--config --admin --token-from --help' ;;
    'settings') words='--markdown --man --help' ;;
    'completion') words='--help bash zsh fish' ;;
    'version') words='--help' ;;
    'help') words='--help run check routes explain key filter purge reload settings completion version help' ;;
    esac
    case "$command $previous" in
    'run --config') _bpgate_files; return ;;
    'check --config') _bpgate_files; return ;;
    'routes --service') words='runtime admin hub files tables billing cognitive' ;;
    'explain --key') return ;;
    'explain --header') return ;;
    'explain --address') return ;;
    'explain --config') _bpgate_files; return ;;
    'explain --admin') return ;;
    'explain --token-from') return ;;
    'key new --name') return ;;
    'key new --profile') return ;;
    'key new --operations') return ;;
    'key new --expires') return ;;
    'key check --config') _bpgate_files; return ;;
    'key rotate --config') _bpgate_files; return ;;
    'key rotate --overlap') return ;;
    'filter check --options') return ;;
    'purge --tag') return ;;
    'purge --url') return ;;
    'purge --operation') return ;;
    'purge --config') _bpgate_files; return ;;
    'purge --admin') return ;;
    'purge --token-from') return ;;
    'reload --config') _bpgate_files; return ;;
    'reload --admin') return ;;
    'reload --token-from') return ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _bpgate bpgate
