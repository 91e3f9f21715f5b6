#!/usr/bin/env bash
# A command of this project on a bare machine: a fresh Debian tree with git and nothing else, a user without a password entry's
# rights (uid 1234), an empty cache. Needs root and mmdebstrap; everything lives in a temporary folder and is removed.
#
#   tests/setup/bare.sh bookworm|trixie [COMMAND…]        COMMAND: demo (default), …
#
# CA_BUNDLE=FILE   the CA of an inspecting proxy, which a bare tree does not know
# BARE_TREE=FILE   a tree made before (tar), instead of making one
set -euo pipefail
SUITE=${1:?usage: bare.sh bookworm|trixie [COMMAND…]}
shift
[ $# -gt 0 ] || set -- demo
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "bare.sh: needs root, to make a tree and enter it" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "bare.sh: apt-get install -y --no-install-recommends mmdebstrap" >&2; exit 1; }

TREE=$(mktemp -d)
trap 'rm -rf --one-file-system "$TREE"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$TREE" && mkdir "$TREE/root"
if [ -z "${BARE_TREE:-}" ]; then
  BARE_TREE=$TREE/tree.tar
  mmdebstrap -q --variant=minbase --include=git "$SUITE" "$BARE_TREE"
fi
tar -x -C "$TREE/root" -f "$BARE_TREE" --exclude='./dev/*'
cp /etc/resolv.conf "$TREE/root/etc/resolv.conf"

USER_HOME=/home/visitor
install -d -o 1234 -g 1234 "$TREE/root$USER_HOME" "$TREE/root$USER_HOME/callflow"
(cd "$REPO" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read 2>/dev/null) |
  tar -x -C "$TREE/root$USER_HOME/callflow" --owner=1234 --group=1234
chown -R 1234:1234 "$TREE/root$USER_HOME"
SETTINGS=("PATH=/usr/local/bin:/usr/bin:/bin" "HOME=$USER_HOME" LANG=C.UTF-8)
if [ -n "${CA_BUNDLE:-}" ]; then
  install -m 644 "$CA_BUNDLE" "$TREE/root/etc/ca-bundle.pem"
  SETTINGS+=(SSL_CERT_FILE=/etc/ca-bundle.pem PIP_CERT=/etc/ca-bundle.pem)
fi

# Name spaces of its own for mounts and processes: both vanish with the command, and what it left running can be counted.
# shellcheck disable=SC2016 # for the inner shell
INSIDE='
  mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 125
  tree=$1 settings=$2 && shift 2
  chroot --userspec=1234:1234 "$tree" env -i $settings sh -c "cd && cd callflow && exec ./run \"\$@\"" run "$@"
  status=$?
  left() { # no subshell, it would see itself; zombies have no command line; number 1 is this shell
    : >"$tree/left"
    for process in "$tree"/proc/[1-9]*; do
      line=$(tr "\0" " " <"$process/cmdline" 2>/dev/null)
      [ "${process##*/}" = 1 ] || [ -z "$line" ] || echo "bare: left running: $line" >>"$tree/left"
    done
    [ -s "$tree/left" ]
  }
  for tenth in 1 2 3 4 5 6 7 8 9 10; do left && sleep 0.1; done # one that is just ending may end
  ! left || { cat "$tree/left" >&2; status=124; }
  exit $status'
BEGIN=$SECONDS STATUS=0
timeout -k 10 300 unshare --mount --pid --fork --kill-child sh -c "$INSIDE" bare "$TREE/root" "${SETTINGS[*]}" "$@" </dev/null || STATUS=$?
echo "bare $SUITE: ./run $* exited $STATUS after $((SECONDS - BEGIN)) s" >&2
exit "$STATUS"
