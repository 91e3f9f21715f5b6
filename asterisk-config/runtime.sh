#!/usr/bin/env bash
# Private programs from Debian's own packages: no root, no chroot, no daemon, nothing outside DEST.
#
#   runtime.sh asterisk DEST   Asterisk 22 and Redis  -> DEST/bin/{asterisk,redis-server,redis-cli}
#   runtime.sh python DEST     Python 3.11            -> DEST/usr/bin/python3.11
#
# DEST must not exist or be empty; a failed run leaves rubbish there, so the caller (`run`) marks it whole afterwards.
# The programs are started by a loader with an explicit library path and cannot be moved: the paths are written into them.
# An error that a person can act on is one line beginning with "! ".
#
#   CALLFLOW_SUITE=forky         where Asterisk and Redis come from (bookworm and trixie have no Asterisk)
#   CALLFLOW_DEBIAN_MIRROR=URL   a Debian archive or snapshot, when this host's apt does not name one (Ubuntu)
#   CALLFLOW_FULL=1              every dependency, not only those that our module list needs (250 MB instead of 60)
set -euo pipefail

WHAT=${1:-} DEST=${2:-}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stop() { echo "! $*" >&2; exit 1; }
case $WHAT in asterisk | python) ;; *) stop "usage: runtime.sh asterisk|python DEST" ;; esac
[ -n "$DEST" ] || stop "usage: runtime.sh asterisk|python DEST"
mkdir -p "$DEST" && DEST=$(cd "$DEST" && pwd)

# ---- an apt of our own: the host's archive address, proxy and keys, but none of its state ------------------------------

APT=$(mktemp -d "$DEST/.apt.XXXXXX") && export TMPDIR=$APT

archive() { # the archive that this host's own apt uses, so that no mirror is named here
  [ -z "${CALLFLOW_DEBIAN_MIRROR:-}" ] || { echo "$CALLFLOW_DEBIAN_MIRROR"; return; }
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] *)?([^ ]+).*/\2/p' | awk '/\/debian\/*$/ && !found { print; found = 1 } END { exit !found }'
}

private_apt() { # SUITE
  local uri key
  uri=$(archive) || stop "this host's apt names no Debian archive: set CALLFLOW_DEBIAN_MIRROR to one, or use docker compose up"
  for key in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do [ ! -f "$key" ] || break; done
  [ -f "$key" ] || stop "Debian's archive keys are missing: apt-get install debian-archive-keyring, or use docker compose up"
  mkdir -p "$APT"/state/lists/partial "$APT"/cache/archives/partial && : >"$APT/state/status"
  # check-valid-until: a mirror may lag by days and a snapshot lies in the past; the signature still counts
  echo "deb [arch=amd64 signed-by=$key check-valid-until=no] $uri $1 main" >"$APT/sources.list"
  cat >"$APT/apt.conf" <<X
Dir::Etc::SourceList "$APT/sources.list"; Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$APT/state"; Dir::State::status "$APT/state/status"; Dir::Cache "$APT/cache"; Dir::Log "$APT";
APT::Architecture "amd64"; APT::Architectures { "amd64"; };
APT::Install-Recommends "false"; APT::Sandbox::User ""; APT::Update::Error-Mode "any";
Acquire::Languages "none"; Acquire::Retries "2"; Acquire::http::Timeout "20"; Acquire::https::Timeout "20";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false"; Debug::NoLocking "true";
X
  export APT_CONFIG=$APT/apt.conf LC_ALL=C
  private update
}

# Debian's container images switch apt's parsed index off; ours lives for seconds and is read three times
private() { apt-get -qq -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin "$@"; }

unpack() { # package names on standard input
  local deb names
  mapfile -t names
  (cd "$APT/cache/archives" && private download "${names[@]}")
  for deb in "$APT"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$DEST" --no-same-owner --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
      --exclude='./usr/share/locale/*' --exclude='./usr/share/lintian/*' --exclude='./usr/lib/systemd/*' --exclude='./usr/lib/python3*/test/*'
    rm "$deb"
  done
}

# ---- Asterisk and Redis, run by the loader and libraries that came with them -------------------------------------------

# Of their 160 dependencies these are what our module list needs. The check below notices when that is no longer true.
KEEP='^(asterisk|asterisk-modules|asterisk-core-sounds-en-gsm|redis-server|redis-tools|zlib1g)$'
KEEP+='|^lib(atomic|bsd|c|cap|crypt|edit|gcc-s|gsm|jansson|jemalloc|lzf|md|nspr|nss|opus|sqlite|srtp|ssl|stdc[+][+]|systemd|tinfo'
KEEP+='|uriparser|uuid|xml|xslt|zstd)[0-9][-.0-9a-z]*$'
[ -z "${CALLFLOW_FULL:-}" ] || KEEP=.
MODULES=$HERE/conf/modules.list

unresolved() { # libraries and versions that are not found inside DEST; the loader also looks in the host's /lib, which would hide a gap
  cd "$DEST"
  { printf '%s\n' usr/sbin/asterisk usr/bin/redis-server usr/bin/redis-cli
    sed -n "s|^[a-z].*|${LIB#"$DEST/"}/asterisk/modules/&.so|p" "$MODULES"; } |
    xargs -d '\n' -P 2 -n 1 "./${LOADER#"$DEST/"}" --inhibit-cache --library-path "${LIB#"$DEST/"}" --list 2>&1 |
    grep -v -e linux-vdso -e 'statically linked' -e '=> usr/' -e '=> ./usr/' -e '^[[:space:]]*./usr/[^ ]* (0x' -e '^xargs: ' | sort -u || true
}

asterisk_and_redis() {
  private_apt "${CALLFLOW_SUITE:-forky}"
  private -s install asterisk asterisk-modules asterisk-core-sounds-en-gsm redis-server |
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\).*/\1=\2/p' >"$APT/closure"
  awk -F= -v keep="$KEEP" '$1 ~ keep' "$APT/closure" | tee "$DEST/packages.txt" | unpack
  LIB=$DEST/usr/lib/x86_64-linux-gnu LOADER=$DEST/usr/lib64/ld-linux-x86-64.so.2
  [ -x "$LOADER" ] || LOADER=$LIB/ld-linux-x86-64.so.2
  local gap module modules
  mapfile -t modules < <(grep '^[a-z]' "$MODULES")
  for module in "${modules[@]}"; do
    [ -f "$LIB/asterisk/modules/$module.so" ] || stop "modules.list names $module, which Debian's asterisk-modules does not have"
  done
  gap=$(unresolved)
  if [ -n "$gap" ] && [ "$KEEP" != . ]; then
    printf "the list of kept packages is stale, taking every dependency:\n%s\n" "$gap"
    awk -F= -v keep="$KEEP" '$1 !~ keep' "$APT/closure" | tee -a "$DEST/packages.txt" | unpack
    gap=$(unresolved)
  fi
  [ -z "$gap" ] || stop "the private Asterisk lacks libraries, even with all that Debian says it needs:" "$(head -n 3 <<<"$gap" | tr "\n\t" "; ")"
  mkdir -p "$DEST/bin"
  local program
  for program in sbin/asterisk bin/redis-server bin/redis-cli; do
    printf '#!/bin/sh\nexec "%s" --inhibit-cache --library-path "%s" "%s" "$@"\n' "$LOADER" "$LIB" "$DEST/usr/$program" >"$DEST/bin/${program##*/}"
    chmod +x "$DEST/bin/${program##*/}"
  done
  "$DEST/bin/asterisk" -V && "$DEST/bin/redis-server" --version
}

# ---- Python, run by the host's loader: it must live with the host's C library, as its wheels do ----------------------------

private_python() {
  private_apt bookworm
  printf '%s\n' python3.11-minimal libpython3.11-minimal libpython3.11-stdlib python3.11-venv python3-pip-whl python3-setuptools-whl \
    libexpat1 zlib1g libffi8 libssl3 libsqlite3-0 libbz2-1.0 liblzma5 libuuid1 libncursesw6 libtinfo6 libreadline8 | unpack
  local bin=$DEST/usr/bin tuple=x86_64-linux-gnu
  mv "$bin/python3.11" "$bin/python3.11.elf"
  # shellcheck disable=SC2016 # $0 and $@ are for the wrapper
  # Not LD_LIBRARY_PATH: children (git, a browser) would inherit it. $0 keeps a virtual environment's name for the interpreter.
  printf '#!/bin/sh\nexec /lib64/ld-linux-x86-64.so.2 --argv0 "$0" --library-path "%s" "%s" "$@"\n' \
    "$DEST/usr/lib/$tuple:$DEST/lib/$tuple" "$bin/python3.11.elf" >"$bin/python3.11"
  chmod +x "$bin/python3.11"
  "$bin/python3.11" -c 'import bz2, ctypes, lzma, sqlite3, ssl, sys, uuid, zlib; print(sys.version)'
}

case $WHAT in asterisk) asterisk_and_redis ;; python) private_python ;; esac
rm -rf "$APT"
du -sm "$DEST" | awk '{print $1 " MB"}'
