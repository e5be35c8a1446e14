#compdef edge-consumer
# Made from the argument parser by `make docs`.
local route= word before=$words[CURRENT-1]
for word in $words[2,CURRENT-1]; do
    case "$route $word" in
        " aggregate"|" alerts"|" alerts ack"|" alerts check"|" alerts forget"|" alerts list"|" alerts run"|" alerts silence"|" audit"|" bridge"|" dead"|" dead drop"|" dead list"|" dead retry"|" query"|" replay") route="$route $word" ;;
    esac
done
case "$route $before" in
    " aggregate --topic") _files; return 0 ;;
    " aggregate --username") _files; return 0 ;;
    " aggregate --password-file") _files; return 0 ;;
    " aggregate --password-env") _files; return 0 ;;
    " aggregate --ca") _files; return 0 ;;
    " aggregate --certificate") _files; return 0 ;;
    " aggregate --key") _files; return 0 ;;
    " aggregate --group") _files; return 0 ;;
    " aggregate --member") _files; return 0 ;;
    " aggregate --start") compadd -- now beginning; return 0 ;;
    " aggregate --store") _files; return 0 ;;
    " aggregate --state") _files; return 0 ;;
    " aggregate --keep") _files; return 0 ;;
    " aggregate --for") _files; return 0 ;;
    " aggregate --until-quiet") _files; return 0 ;;
    " aggregate --metrics") _files; return 0 ;;
    " aggregate --web") _files; return 0 ;;
    " aggregate --web-password-file") _files; return 0 ;;
    " alerts ack --node") _files; return 0 ;;
    " alerts ack --state") _files; return 0 ;;
    " alerts forget --state") _files; return 0 ;;
    " alerts list --history") _files; return 0 ;;
    " alerts list --state") _files; return 0 ;;
    " alerts run --topic") _files; return 0 ;;
    " alerts run --username") _files; return 0 ;;
    " alerts run --password-file") _files; return 0 ;;
    " alerts run --password-env") _files; return 0 ;;
    " alerts run --ca") _files; return 0 ;;
    " alerts run --certificate") _files; return 0 ;;
    " alerts run --key") _files; return 0 ;;
    " alerts run --group") _files; return 0 ;;
    " alerts run --start") compadd -- now beginning; return 0 ;;
    " alerts run --state") _files; return 0 ;;
    " alerts run --for") _files; return 0 ;;
    " alerts run --metrics") _files; return 0 ;;
    " alerts silence --node") _files; return 0 ;;
    " alerts silence --by") _files; return 0 ;;
    " alerts silence --state") _files; return 0 ;;
    " audit --topic") _files; return 0 ;;
    " audit --username") _files; return 0 ;;
    " audit --password-file") _files; return 0 ;;
    " audit --password-env") _files; return 0 ;;
    " audit --ca") _files; return 0 ;;
    " audit --certificate") _files; return 0 ;;
    " audit --key") _files; return 0 ;;
    " audit --group") _files; return 0 ;;
    " audit --start") compadd -- now beginning; return 0 ;;
    " audit --late") _files; return 0 ;;
    " audit --settle") _files; return 0 ;;
    " audit --for") _files; return 0 ;;
    " audit --metrics") _files; return 0 ;;
    " bridge --topic") _files; return 0 ;;
    " bridge --username") _files; return 0 ;;
    " bridge --password-file") _files; return 0 ;;
    " bridge --password-env") _files; return 0 ;;
    " bridge --ca") _files; return 0 ;;
    " bridge --certificate") _files; return 0 ;;
    " bridge --key") _files; return 0 ;;
    " bridge --group") _files; return 0 ;;
    " bridge --sink-option") _files; return 0 ;;
    " bridge --sink-file") _files; return 0 ;;
    " bridge --member") _files; return 0 ;;
    " bridge --start") compadd -- now beginning; return 0 ;;
    " bridge --state") _files; return 0 ;;
    " bridge --metrics") _files; return 0 ;;
    " dead drop --state") _files; return 0 ;;
    " dead list --state") _files; return 0 ;;
    " dead retry --state") _files; return 0 ;;
    " query --channel") _files; return 0 ;;
    " query --node") _files; return 0 ;;
    " query --since") _files; return 0 ;;
    " query --until") _files; return 0 ;;
    " query --window") compadd -- 1m 15m 1h 1d; return 0 ;;
    " query --format") compadd -- table csv json plot parquet; return 0 ;;
    " query --output") _files; return 0 ;;
    " query --store") _files; return 0 ;;
    " query --state") _files; return 0 ;;
    " replay --topic") _files; return 0 ;;
    " replay --username") _files; return 0 ;;
    " replay --password-file") _files; return 0 ;;
    " replay --password-env") _files; return 0 ;;
    " replay --ca") _files; return 0 ;;
    " replay --certificate") _files; return 0 ;;
    " replay --key") _files; return 0 ;;
    " replay --group") _files; return 0 ;;
    " replay --sink-option") _files; return 0 ;;
    " replay --sink-file") _files; return 0 ;;
    " replay --since") _files; return 0 ;;
    " replay --until") _files; return 0 ;;
    " replay --rate") _files; return 0 ;;
esac
case "$route" in
    "") compadd -- aggregate alerts audit bridge dead query replay --version -h --help ;;
    " aggregate") compadd -- --topic --username --password-file --password-env --ca --certificate --key --group --member --start --store --state --keep --for --until-quiet --metrics --web --web-password-file --json -h --help ;;
    " alerts") compadd -- ack check forget list run silence -h --help ;;
    " alerts ack") compadd -- --node --state --json -h --help ;;
    " alerts check") compadd -- --json -h --help ;;
    " alerts forget") compadd -- --state --json -h --help ;;
    " alerts list") compadd -- --history --state --json -h --help ;;
    " alerts run") compadd -- --topic --username --password-file --password-env --ca --certificate --key --group --start --state --for --metrics --json -h --help ;;
    " alerts silence") compadd -- --node --by --state --json -h --help ;;
    " audit") compadd -- --topic --username --password-file --password-env --ca --certificate --key --group --start --late --settle --for --until-quiet --metrics --json -h --help ;;
    " bridge") compadd -- --topic --username --password-file --password-env --ca --certificate --key --group --sink-option --sink-file --member --start --state --metrics --json -h --help ;;
    " dead") compadd -- drop list retry -h --help ;;
    " dead drop") compadd -- --state --json --all -h --help ;;
    " dead list") compadd -- --state --json -h --help ;;
    " dead retry") compadd -- --state --json --all -h --help ;;
    " query") compadd -- --channel --node --since --until --window --format --json --output --by-day --store --state -h --help ;;
    " replay") compadd -- --topic --username --password-file --password-env --ca --certificate --key --group --sink-option --sink-file --since --until --rate --json -h --help ;;
esac
_files
