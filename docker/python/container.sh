#!/bin/bash
# What the Python image can be. The word after the image's name chooses.
set -euo pipefail

LAB=/given/status.json

case ${1:-} in
  keys) exec python -m callflow.lab.deploy --net "$CALLFLOW_NET" --out /made ;;
  site) exec python -m callflow site ;;
  guard) exec python -m callflow guard ;;
  ready) # HOST PORT : whether the site says that every neighbour answers; if not, what it says
    exec 3<>"/dev/tcp/$2/$3"
    printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
    said=$(cat <&3)
    [[ $said == HTTP/1.?\ 200* ]] || { echo "${said##*$'\n'}"; exit 1; } ;;
  # holds a network address for the containers that share it, so that they may come and go without losing it
  hold) exec sleep infinity ;;
  # the same for everybody outside: agents' phones stand at its own address, carriers and the stranger at these
  outside)
    for last in 20 30 31; do ip address replace "$CALLFLOW_NET.$last/24" dev eth0; done
    exec sleep infinity ;;
  scenes) exec python -m softphone_sim call --lab "$LAB" softphone-sim/scenarios/*.yaml ;;
  call)
    shift
    words=()
    for word; do # /scripts and /out are folders of the caller's own (run -v …:/scripts), else those that docker-compose.yml names
      for folder in /scripts /out; do
        [ -d "$folder" ] || case $word in "$folder" | "$folder"/*) word=/named$word ;; *="$folder" | *="$folder"/*) word=${word/=/=/named} ;; esac
      done
      words+=("$word")
    done
    exec python -m softphone_sim call --lab "$LAB" "${words[@]}" ;; # a --lab of the caller's own comes later and wins
  *) exec "$@" ;;
esac
