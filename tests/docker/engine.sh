# Sourced by tests/docker.sh: a Docker engine, its compose and buildx, and the Debian bases, wherever they come from.
# Everything made here is in $SCRATCH or is undone by engine_end.

ENGINE_PID=''

archive() { # the Debian archive that this host's own apt uses, so that no mirror is named here
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] *)?([^ ]+).*/\2/p' | grep -m1 '/debian/*$'
}

install_missing() { # what an engine of our own needs
  local words=()
  command -v docker >/dev/null || words+=("$(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io)")
  if ! docker info >/dev/null 2>&1; then
    command -v dockerd >/dev/null || words+=(docker.io)
    command -v iptables >/dev/null || words+=(iptables)
    command -v ip >/dev/null || words+=(iproute2)
  fi
  command -v mmdebstrap >/dev/null || words+=(mmdebstrap)
  [ "${#words[@]}" -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || { say "docker: missing; as root: apt-get install -y --no-install-recommends ${words[*]} xz-utils ca-certificates"; return 1; }
  say "  installing ${words[*]}"
  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${words[@]}" xz-utils ca-certificates
}

engine_begin() { # the engine that answers, else one of our own with everything in $SCRATCH
  if docker info >/dev/null 2>&1; then return; fi
  [ "$(id -u)" = 0 ] || { say "docker: no engine answers; start one, or run this as root and it starts its own  没有可用的 Docker"; return 1; }
  iptables-save >"$SCRATCH/iptables"
  cat /proc/sys/net/ipv4/ip_forward >"$SCRATCH/ip_forward"
  [ ! -e /sys/class/net/docker0 ] || touch "$SCRATCH/had-docker0"
  export DOCKER_HOST=unix://$SCRATCH/docker.sock
  # a session of its own: an interruption from the keyboard must reach the engine last
  setsid dockerd --host "$DOCKER_HOST" --data-root "$SCRATCH/data" --exec-root "$SCRATCH/exec" --pidfile "$SCRATCH/dockerd.pid" \
    >"$SCRATCH/dockerd.log" 2>&1 &
  ENGINE_PID=$!
  for _ in $(seq 120); do
    if docker info >/dev/null 2>&1; then return; fi
    kill -0 "$ENGINE_PID" 2>/dev/null || break
    sleep 0.5
  done
  say "docker: the engine did not come up:"
  tail -n 5 "$SCRATCH/dockerd.log" >&2
  return 1
}

engine_end() { # leaves the machine as it was found
  local image
  if [ -f "$SCRATCH/seeded" ]; then while read -r image; do docker rmi "$image" >/dev/null 2>&1 || true; done <"$SCRATCH/seeded"; fi
  [ -n "$ENGINE_PID" ] || return 0
  docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 # a container that is left would outlive the engine
  kill "$ENGINE_PID" 2>/dev/null && wait "$ENGINE_PID" 2>/dev/null
  # dockerd leaves its data directory mounted upon itself where mounts are not shared
  awk -v under="$SCRATCH/" 'index($2, under) == 1 { print $2 }' /proc/self/mounts | sort -r | xargs -r umount
  [ -e "$SCRATCH/had-docker0" ] || ip link delete docker0 2>/dev/null || true
  if [ -s "$SCRATCH/iptables" ]; then iptables-restore <"$SCRATCH/iptables"; else
    local table
    for table in filter nat; do iptables -t $table -F && iptables -t $table -X; done
    iptables -P FORWARD ACCEPT
  fi
  cat "$SCRATCH/ip_forward" >/proc/sys/net/ipv4/ip_forward
}

plugins() { # Compose v2 and buildx: this machine's, else Debian trixie's, which run on bookworm too
  case $(docker compose version --short 2>/dev/null) in 2.* | v2.* | [3-9].*) if docker buildx version >/dev/null 2>&1; then return; fi ;; esac
  local apt=$SCRATCH/apt deb
  mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial "$SCRATCH/config/cli-plugins" && : >"$apt/state/status"
  # shellcheck disable=SC2012 # names without surprises
  echo "deb [signed-by=$(ls /usr/share/keyrings/debian-archive-keyring.* | head -n 1) check-valid-until=no] $(archive) trixie main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<X
Dir::Etc::SourceList "$apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::State "$apt/state"; Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache"; APT::Sandbox::User ""; APT::Update::Error-Mode "any"; Acquire::Languages "none"; Debug::NoLocking "true";
X
  (
    export APT_CONFIG=$apt/apt.conf
    cd "$apt" || exit 1
    apt-get -qq update && apt-get -qq download docker-compose docker-buildx
    for deb in *.deb; do dpkg-deb -x "$deb" tree; done
  )
  cp "$apt"/tree/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$SCRATCH/config/cli-plugins/"
  rm -rf "$apt"
  export DOCKER_CONFIG=$SCRATCH/config
  docker compose version >/dev/null
}

base() { # SUITE : pulled, else made from Debian's archive
  if docker image inspect "debian:$1-slim" >/dev/null 2>&1; then return; fi
  if timeout --foreground 120 docker pull -q "debian:$1-slim" >/dev/null 2>&1; then return; fi
  echo "debian:$1-slim" >>"$SCRATCH/seeded"
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' "$1" - "$(archive)" |
    docker import -c 'CMD ["bash"]' - "debian:$1-slim" >/dev/null
}

bases() { # both at once
  local jobs=() job suite failed=0
  for suite in forky bookworm; do base "$suite" & jobs+=($!); done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  return $failed
}
