# Made from the argument parser by `make docs`.
_edge_agent() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path $word" in
            " calibrate"|" check"|" control"|" demo"|" doctor"|" drivers"|" init"|" log"|" log export"|" log replay"|" log stats"|" log tail"|" pins"|" read"|" rules"|" rules replay"|" rules test"|" run"|" safe"|" scan"|" schema"|" schema asyncapi"|" schema avro"|" schema json"|" schema list"|" service"|" service install"|" service status"|" service uninstall"|" simulate"|" sinks"|" usbip") path="$path $word" ;;
        esac
    done
    COMPREPLY=()
    case "$path $prev" in
        " -c") return ;;
        " --config") return ;;
        " calibrate -c") return ;;
        " calibrate --config") return ;;
        " calibrate --point") return ;;
        " calibrate --set") return ;;
        " check -c") return ;;
        " check --config") return ;;
        " check --set") return ;;
        " control -c") return ;;
        " control --config") return ;;
        " control --set") return ;;
        " demo --set") return ;;
        " demo --scenario") return ;;
        " demo --log-format") COMPREPLY=($(compgen -W "text json" -- "$cur")); return ;;
        " doctor -c") return ;;
        " doctor --config") return ;;
        " doctor --bundle") return ;;
        " drivers --measures") return ;;
        " init -c") return ;;
        " init --config") return ;;
        " init --node") return ;;
        " init --broker") return ;;
        " init --simulate") return ;;
        " log -c") return ;;
        " log --config") return ;;
        " log --set") return ;;
        " log export --format") COMPREPLY=($(compgen -W "csv jsonl" -- "$cur")); return ;;
        " log export -o") return ;;
        " log export --output") return ;;
        " log export --since") return ;;
        " log export --until") return ;;
        " log export --kind") COMPREPLY=($(compgen -W "reading aggregate alert output command gap lifecycle" -- "$cur")); return ;;
        " log export --source") return ;;
        " log export -c") return ;;
        " log export --config") return ;;
        " log export --set") return ;;
        " log replay --sink") return ;;
        " log replay --since") return ;;
        " log replay --until") return ;;
        " log replay --rate") return ;;
        " log replay -c") return ;;
        " log replay --config") return ;;
        " log replay --set") return ;;
        " log stats -c") return ;;
        " log stats --config") return ;;
        " log stats --set") return ;;
        " log tail -n") return ;;
        " log tail --since") return ;;
        " log tail --until") return ;;
        " log tail --kind") COMPREPLY=($(compgen -W "reading aggregate alert output command gap lifecycle" -- "$cur")); return ;;
        " log tail --source") return ;;
        " log tail -c") return ;;
        " log tail --config") return ;;
        " log tail --set") return ;;
        " pins -c") return ;;
        " pins --config") return ;;
        " pins --set") return ;;
        " read -c") return ;;
        " read --config") return ;;
        " read --set") return ;;
        " rules replay -c") return ;;
        " rules replay --config") return ;;
        " rules replay --since") return ;;
        " rules replay --set") return ;;
        " rules test -c") return ;;
        " rules test --config") return ;;
        " rules test --set") return ;;
        " run -c") return ;;
        " run --config") return ;;
        " run --set") return ;;
        " run --log-format") COMPREPLY=($(compgen -W "text json" -- "$cur")); return ;;
        " safe -c") return ;;
        " safe --config") return ;;
        " scan --bus") return ;;
        " scan -c") return ;;
        " scan --config") return ;;
        " schema asyncapi -c") return ;;
        " schema asyncapi --config") return ;;
        " simulate -c") return ;;
        " simulate --config") return ;;
        " simulate --set") return ;;
        " simulate --scenario") return ;;
        " simulate --log-format") COMPREPLY=($(compgen -W "text json" -- "$cur")); return ;;
        " sinks -c") return ;;
        " sinks --config") return ;;
        " sinks --set") return ;;
        " usbip -c") return ;;
        " usbip --config") return ;;
        " usbip --scenario") return ;;
        " usbip --listen") return ;;
    esac
    case "$path" in
        "") COMPREPLY=($(compgen -W "calibrate check control demo doctor drivers init log pins read rules run safe scan schema service simulate sinks usbip --version -c --config -v --trace --verbose -q --quiet -h --help" -- "$cur")) ;;
        " calibrate") COMPREPLY=($(compgen -W "-c --config --point --set --simulate -h --help" -- "$cur")) ;;
        " check") COMPREPLY=($(compgen -W "-c --config --set --events --simulated --json -h --help" -- "$cur")) ;;
        " control") COMPREPLY=($(compgen -W "-c --config --set -h --help" -- "$cur")) ;;
        " demo") COMPREPLY=($(compgen -W "--set --scenario --no-broker --log-format -v --trace --verbose -q --quiet -h --help" -- "$cur")) ;;
        " doctor") COMPREPLY=($(compgen -W "-c --config --json --bundle -h --help" -- "$cur")) ;;
        " drivers") COMPREPLY=($(compgen -W "--measures --json -h --help" -- "$cur")) ;;
        " init") COMPREPLY=($(compgen -W "-c --config --node --broker --home-assistant --no-home-assistant --web --no-web --yes --force --simulate -h --help" -- "$cur")) ;;
        " log") COMPREPLY=($(compgen -W "export replay stats tail -c --config --set --simulated -h --help" -- "$cur")) ;;
        " log export") COMPREPLY=($(compgen -W "--format -o --output --since --until --kind --source -c --config --set --simulated -h --help" -- "$cur")) ;;
        " log replay") COMPREPLY=($(compgen -W "--sink --since --until --rate --dry-run -c --config --set --simulated -h --help" -- "$cur")) ;;
        " log stats") COMPREPLY=($(compgen -W "--json -c --config --set --simulated -h --help" -- "$cur")) ;;
        " log tail") COMPREPLY=($(compgen -W "-n -f --follow --since --until --kind --source --json -c --config --set --simulated -h --help" -- "$cur")) ;;
        " pins") COMPREPLY=($(compgen -W "-c --config --set --json -h --help" -- "$cur")) ;;
        " read") COMPREPLY=($(compgen -W "-c --config --set --simulate --json -h --help" -- "$cur")) ;;
        " rules") COMPREPLY=($(compgen -W "replay test -h --help" -- "$cur")) ;;
        " rules replay") COMPREPLY=($(compgen -W "-c --config --since --simulated --set -h --help" -- "$cur")) ;;
        " rules test") COMPREPLY=($(compgen -W "-c --config --set -h --help" -- "$cur")) ;;
        " run") COMPREPLY=($(compgen -W "-c --config --set --log-format -v --trace --verbose -q --quiet -h --help" -- "$cur")) ;;
        " safe") COMPREPLY=($(compgen -W "-c --config -h --help" -- "$cur")) ;;
        " scan") COMPREPLY=($(compgen -W "--bus -c --config --simulate --json -h --help" -- "$cur")) ;;
        " schema") COMPREPLY=($(compgen -W "asyncapi avro json list -h --help" -- "$cur")) ;;
        " schema asyncapi") COMPREPLY=($(compgen -W "-c --config -h --help" -- "$cur")) ;;
        " schema avro") COMPREPLY=($(compgen -W "-h --help" -- "$cur")) ;;
        " schema json") COMPREPLY=($(compgen -W "-h --help" -- "$cur")) ;;
        " schema list") COMPREPLY=($(compgen -W "--json -h --help" -- "$cur")) ;;
        " service") COMPREPLY=($(compgen -W "install status uninstall -h --help" -- "$cur")) ;;
        " service install") COMPREPLY=($(compgen -W "-h --help" -- "$cur")) ;;
        " service status") COMPREPLY=($(compgen -W "--json -h --help" -- "$cur")) ;;
        " service uninstall") COMPREPLY=($(compgen -W "--purge -h --help" -- "$cur")) ;;
        " simulate") COMPREPLY=($(compgen -W "-c --config --set --scenario --no-broker --log-format -v --trace --verbose -q --quiet -h --help" -- "$cur")) ;;
        " sinks") COMPREPLY=($(compgen -W "-c --config --set --simulated --json -h --help" -- "$cur")) ;;
        " usbip") COMPREPLY=($(compgen -W "-c --config --scenario --listen --attach -h --help" -- "$cur")) ;;
    esac
}
complete -o default -F _edge_agent edge-agent
