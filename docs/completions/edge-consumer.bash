# Made from the argument parser by `make docs`.
_edge_consumer() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path $word" in
            " aggregate"|" alerts"|" alerts ack"|" alerts check"|" alerts forget"|" alerts list"|" alerts run"|" alerts silence"|" audit"|" bridge"|" dead"|" dead drop"|" dead list"|" dead retry"|" query"|" replay") path="$path $word" ;;
        esac
    done
    COMPREPLY=()
    case "$path $prev" in
        " aggregate --topic") return ;;
        " aggregate --username") return ;;
        " aggregate --password-file") return ;;
        " aggregate --password-env") return ;;
        " aggregate --ca") return ;;
        " aggregate --certificate") return ;;
        " aggregate --key") return ;;
        " aggregate --group") return ;;
        " aggregate --member") return ;;
        " aggregate --start") COMPREPLY=($(compgen -W "now beginning" -- "$cur")); return ;;
        " aggregate --store") return ;;
        " aggregate --state") return ;;
        " aggregate --keep") return ;;
        " aggregate --for") return ;;
        " aggregate --until-quiet") return ;;
        " aggregate --metrics") return ;;
        " aggregate --web") return ;;
        " aggregate --web-password-file") return ;;
        " alerts ack --node") return ;;
        " alerts ack --state") return ;;
        " alerts forget --state") return ;;
        " alerts list --history") return ;;
        " alerts list --state") return ;;
        " alerts run --topic") return ;;
        " alerts run --username") return ;;
        " alerts run --password-file") return ;;
        " alerts run --password-env") return ;;
        " alerts run --ca") return ;;
        " alerts run --certificate") return ;;
        " alerts run --key") return ;;
        " alerts run --group") return ;;
        " alerts run --start") COMPREPLY=($(compgen -W "now beginning" -- "$cur")); return ;;
        " alerts run --state") return ;;
        " alerts run --for") return ;;
        " alerts run --metrics") return ;;
        " alerts silence --node") return ;;
        " alerts silence --by") return ;;
        " alerts silence --state") return ;;
        " audit --topic") return ;;
        " audit --username") return ;;
        " audit --password-file") return ;;
        " audit --password-env") return ;;
        " audit --ca") return ;;
        " audit --certificate") return ;;
        " audit --key") return ;;
        " audit --group") return ;;
        " audit --start") COMPREPLY=($(compgen -W "now beginning" -- "$cur")); return ;;
        " audit --late") return ;;
        " audit --settle") return ;;
        " audit --for") return ;;
        " audit --metrics") return ;;
        " bridge --topic") return ;;
        " bridge --username") return ;;
        " bridge --password-file") return ;;
        " bridge --password-env") return ;;
        " bridge --ca") return ;;
        " bridge --certificate") return ;;
        " bridge --key") return ;;
        " bridge --group") return ;;
        " bridge --sink-option") return ;;
        " bridge --sink-file") return ;;
        " bridge --member") return ;;
        " bridge --start") COMPREPLY=($(compgen -W "now beginning" -- "$cur")); return ;;
        " bridge --state") return ;;
        " bridge --metrics") return ;;
        " dead drop --state") return ;;
        " dead list --state") return ;;
        " dead retry --state") return ;;
        " query --channel") return ;;
        " query --node") return ;;
        " query --since") return ;;
        " query --until") return ;;
        " query --window") COMPREPLY=($(compgen -W "1m 15m 1h 1d" -- "$cur")); return ;;
        " query --format") COMPREPLY=($(compgen -W "table csv json plot parquet" -- "$cur")); return ;;
        " query --output") return ;;
        " query --store") return ;;
        " query --state") return ;;
        " replay --topic") return ;;
        " replay --username") return ;;
        " replay --password-file") return ;;
        " replay --password-env") return ;;
        " replay --ca") return ;;
        " replay --certificate") return ;;
        " replay --key") return ;;
        " replay --group") return ;;
        " replay --sink-option") return ;;
        " replay --sink-file") return ;;
        " replay --since") return ;;
        " replay --until") return ;;
        " replay --rate") return ;;
    esac
    case "$path" in
        "") COMPREPLY=($(compgen -W "aggregate alerts audit bridge dead query replay --version -h --help" -- "$cur")) ;;
        " aggregate") COMPREPLY=($(compgen -W "--topic --username --password-file --password-env --ca --certificate --key --group --member --start --store --state --keep --for --until-quiet --metrics --web --web-password-file --json -h --help" -- "$cur")) ;;
        " alerts") COMPREPLY=($(compgen -W "ack check forget list run silence -h --help" -- "$cur")) ;;
        " alerts ack") COMPREPLY=($(compgen -W "--node --state --json -h --help" -- "$cur")) ;;
        " alerts check") COMPREPLY=($(compgen -W "--json -h --help" -- "$cur")) ;;
        " alerts forget") COMPREPLY=($(compgen -W "--state --json -h --help" -- "$cur")) ;;
        " alerts list") COMPREPLY=($(compgen -W "--history --state --json -h --help" -- "$cur")) ;;
        " alerts run") COMPREPLY=($(compgen -W "--topic --username --password-file --password-env --ca --certificate --key --group --start --state --for --metrics --json -h --help" -- "$cur")) ;;
        " alerts silence") COMPREPLY=($(compgen -W "--node --by --state --json -h --help" -- "$cur")) ;;
        " audit") COMPREPLY=($(compgen -W "--topic --username --password-file --password-env --ca --certificate --key --group --start --late --settle --for --until-quiet --metrics --json -h --help" -- "$cur")) ;;
        " bridge") COMPREPLY=($(compgen -W "--topic --username --password-file --password-env --ca --certificate --key --group --sink-option --sink-file --member --start --state --metrics --json -h --help" -- "$cur")) ;;
        " dead") COMPREPLY=($(compgen -W "drop list retry -h --help" -- "$cur")) ;;
        " dead drop") COMPREPLY=($(compgen -W "--state --json --all -h --help" -- "$cur")) ;;
        " dead list") COMPREPLY=($(compgen -W "--state --json -h --help" -- "$cur")) ;;
        " dead retry") COMPREPLY=($(compgen -W "--state --json --all -h --help" -- "$cur")) ;;
        " query") COMPREPLY=($(compgen -W "--channel --node --since --until --window --format --json --output --by-day --store --state -h --help" -- "$cur")) ;;
        " replay") COMPREPLY=($(compgen -W "--topic --username --password-file --password-env --ca --certificate --key --group --sink-option --sink-file --since --until --rate --json -h --help" -- "$cur")) ;;
    esac
}
complete -o default -F _edge_consumer edge-consumer
