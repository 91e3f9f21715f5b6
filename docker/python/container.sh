#!/bin/sh
# What the Python image can be. The word after the image's name chooses.
set -eu

LAB=/given/status.json

case ${1:-} in
  keys) exec python -m callflow.lab.deploy --net "$CALLFLOW_NET" --out /made ;;
  site) exec python -m callflow site ;;
  ready) exec python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)' "$2" ;;
  # holds a network address for the containers that share it, so that they may come and go without losing it
  hold) exec sleep infinity ;;
  # the same for everybody outside: agents' phones stand at its own address, carriers and the stranger at these
  outside)
    for last in 20 30 31; do ip address replace "$CALLFLOW_NET.$last/24" dev eth0; done
    exec sleep infinity ;;
  scenes) exec python -m softphone_sim call --lab "$LAB" softphone-sim/scenarios/*.yaml ;;
  call)
    shift
    exec python -m softphone_sim call --lab "$LAB" "$@" ;; # a --lab of the caller's own comes later and wins
  *) exec "$@" ;;
esac
