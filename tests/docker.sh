#!/usr/bin/env bash
# The container way, for real: `./run test docker`. Builds the images, brings both platforms up, plays every scene and a
# stranger's script, kills an Asterisk, looks whether each container holds its own secrets only, runs the contract suite on
# the real PostgreSQL, and takes everything down again. As root on a bare Debian it brings its own engine.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }
SCRATCH=$(mktemp -d /tmp/callflow-docker.XXXXXX) # short: sockets stand in it
# shellcheck source=tests/docker/engine.sh
. tests/docker/engine.sh

BEGIN=$SECONDS
UP='' FAILED='' JOB=''

step() { # WHAT COMMAND… : what it printed is shown only when it fails
  local what=$1 begin=${EPOCHREALTIME/[.,]/}
  shift
  set -m # in a process group of its own, which `finish` ends; and `wait` hears a signal at once
  ("$@") >"$SCRATCH/step.log" 2>&1 </dev/null &
  JOB=$!
  set +m
  if wait "$JOB"; then
    JOB=''
    say "  ok    $(seconds_since "$begin") s  $what"
  else
    tail -n 60 "$SCRATCH/step.log" >&2
    say "  FAIL  $(seconds_since "$begin") s  $what"
    FAILED+="  failed: $what"$'\n'
    return 1
  fi
}
seconds_since() { local tenths=$(((${EPOCHREALTIME/[.,]/} - $1) / 100000)); printf '%d.%d' $((tenths / 10)) $((tenths % 10)); }

compose() { docker compose --ansi never --profile demo "$@"; }

finish() {
  local status=$?
  set +e
  trap '' INT TERM HUP
  [ -z "$JOB" ] || { kill -TERM -- "-$JOB"; wait "$JOB"; } 2>/dev/null
  if [ -n "$UP" ]; then
    [ "$status" = 0 ] || { compose ps -a; compose logs --no-color --tail 12; } >&2
    step "down; volumes and images removed" compose down --volumes --rmi all --remove-orphans --timeout 5 || status=1
  fi
  engine_end || status=1
  rm -rf "$SCRATCH" || status=1
  printf %s "$FAILED" >&2
  say "stage docker: $([ "$status" = 0 ] && echo "all held" || echo "did not hold") after $((SECONDS - BEGIN)) s"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- what is tried ------------------------------------------------------------------------------------------------------

free_net() { # three octets that this machine does not use yet
  local third
  for third in $(seq 100 250 | shuf); do
    if ! grep -q "$(printf '%02X7B0A' "$third")" /proc/net/route; then echo "10.123.$third" && return; fi
  done
  return 1
}

a_strangers_script() { # mounted from a folder of his own; what holds ends with 0, what does not with 1, and JUnit says so
  local mine=$SCRATCH/stranger
  mkdir -p "$mine/scripts" "$mine/out"
  cp tests/docker/stranger.yaml "$mine/scripts/x.yaml"
  sed 's/is: "13300133000"/is: "13300133999"/' tests/docker/stranger.yaml >"$mine/scripts/wrong.yaml"
  local run=(timeout --foreground 120 docker compose run --rm -T)
  "${run[@]}" -v "$mine/scripts:/scripts:ro" -v "$mine/out:/out" phones call /scripts/x.yaml --junit /out/x.xml || return 1
  grep -q 'failures="0"' "$mine/out/x.xml" || { cat "$mine/out/x.xml"; return 1; }
  local ended=0
  CALLFLOW_SCRIPTS=$mine/scripts CALLFLOW_OUT=$mine/out "${run[@]}" phones call /scripts/wrong.yaml --junit=/out/wrong.xml || ended=$?
  [ "$ended" = 1 ] && grep -q 'failures="1"' "$mine/out/wrong.xml"
}

each_sees_its_own() {
  docker compose exec -T site-12345 python - <tests/docker/own_secrets.py
}

an_asterisk_dies() { # its program keeps the address and is content again when Asterisk is back
  docker compose exec -T pbx-12345 bash -c 'kill -KILL "$(</run/asterisk/asterisk.pid)"' || true
  local ready=(docker compose exec -T site-12345 /container.sh ready "$CALLFLOW_NET.11" 8345) moment
  for moment in $(seq 60); do if ! "${ready[@]}"; then break; fi; sleep 0.2; done
  for moment in $(seq 60); do if "${ready[@]}"; then return 0; fi; sleep 0.5; done
  echo "not ready again after $moment tries"
  return 1
}

keys_stay() { # a second run of `keys` changes no secret
  local before after status=(docker compose run --rm -T phones sha256sum /given/status.json)
  before=$("${status[@]}") && docker compose up -d --wait --wait-timeout 180 && after=$("${status[@]}") && [ "$before" = "$after" ]
}

contract_suite() { # an account for the test alone may make databases
  local password
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  docker compose exec -T postgres bash -c "psql -qc \"CREATE ROLE tester LOGIN CREATEDB PASSWORD '$password'\" postgres &&
    echo 'host all tester samenet scram-sha-256' >>\"\$PGDATA/pg_hba.conf\" && pg_ctl reload -s" || return 1
  local address
  address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$(docker compose ps -q postgres)")
  CALLFLOW_TEST_POSTGRES=postgresql://tester:$password@${address%% *}/postgres timeout --foreground 300 python -m pytest -q -k postgresql tests/contract/adapters
}

# ---- the stage ----------------------------------------------------------------------------------------------------------

set -e
python -c 'import psycopg, pytest' 2>/dev/null || { say "docker: start this by ./run test docker"; exit 2; }
# not by `step`: these set what later lines need; explicit `|| exit`, because they are more than one command
install_missing >"$SCRATCH/step.log" 2>&1 || { tail -n 20 "$SCRATCH/step.log" >&2; exit 1; }
engine_begin || exit 1
plugins || { say "docker: Compose v2 and buildx cannot be brought; install them and try again"; exit 1; }
step "Debian bases: here, pulled or made" bases

export COMPOSE_PROJECT_NAME=callflow-test-$$ CALLFLOW_TAG=test-$$ CALLFLOW_PORT_12345=0 CALLFLOW_PORT_110=0 CALLFLOW_OUT=$SCRATCH/out
CALLFLOW_NET=$(free_net)
export CALLFLOW_NET CA_BUNDLE=${CA_BUNDLE:-${SSL_CERT_FILE:-/dev/null}}
mkdir -p "$CALLFLOW_OUT"
UP=yes
step "what each container is given" timeout --foreground 120 python -m pytest -q tests/docker
step "images built" timeout --foreground 900 docker compose build
step "both platforms up and healthy" timeout --foreground 300 docker compose up -d --wait --wait-timeout 240
step "every scene" timeout --foreground 900 docker compose run --rm -T phones
step "a stranger's script, his own folder, JUnit" a_strangers_script
step "a site opens its own and nothing else" each_sees_its_own
step "an Asterisk dies and comes back" an_asterisk_dies
step "up again: every secret stays" keys_stay
step "contract suite on this PostgreSQL" contract_suite
