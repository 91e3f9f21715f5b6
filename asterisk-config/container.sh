#!/bin/bash
# How the Asterisk container starts (`start`), and how it says that it takes calls (`healthy`).
set -euo pipefail

start() {
  [ -r /etc/asterisk/asterisk.conf ] || { echo "pbx: /etc/asterisk holds no configuration; run: docker compose up keys  缺少配置" >&2; exit 1; }
  local log=/var/lib/asterisk/log
  mkdir -p /var/lib/asterisk/spool /var/lib/asterisk/keys $log/cdr-csv $log/cel-custom
  # warnings go to the engine's log, which it rotates; security events and call records are files in the volume, where the guard reads them
  ln -sfn /dev/stdout $log/full
  [ ! -L $log/security ] || rm $log/security
  local half=a # the other half of the audio ports than last time (rtp.conf says why)
  [[ $(readlink /var/lib/asterisk/audio-ports.conf) != *-a.conf ]] || half=b
  ln -sfn /etc/asterisk/audio-ports-$half.conf /var/lib/asterisk/audio-ports.conf
  exec asterisk -f -n
}

healthy() { # booted, and SIP answers. A BYE to no call is answered (481) without a line in the log; OPTIONS of a stranger would leave one
  asterisk -rx 'core waitfullybooted' | grep -q 'fully booted'
  local address
  address=$(sed -n '/^\[udp\]/,/^bind/s/^bind = //p' /etc/asterisk/pjsip.conf)
  exec 3<>"/dev/udp/${address%:*}/${address##*:}"
  # dd: one write is one packet, and bash would write line by line; head: one read takes one packet
  printf '%s\r\n' "BYE sip:health@$address SIP/2.0" "Via: SIP/2.0/UDP $address;rport;branch=z9hG4bK$RANDOM$RANDOM" \
    'Max-Forwards: 1' "From: <sip:health@$address>;tag=$RANDOM" "To: <sip:health@$address>;tag=$RANDOM" "Call-ID: $RANDOM$RANDOM@health" \
    'CSeq: 1 BYE' 'Content-Length: 0' '' | dd bs=4096 iflag=fullblock status=none >&3
  [ "$(timeout 2 head -c 8 <&3)" = 'SIP/2.0 ' ]
}

case ${1:-start} in
  start | healthy) "${1:-start}" ;;
  *) exec "$@" ;;
esac
