#!/bin/bash
# Makes the database's files once, brings its accounts to what the `keys` service gave, then becomes the server.
set -euo pipefail
umask 077
ACCOUNTS=/given/accounts # a line each: NAME PASSWORD; the database has the account's name

if [ ! -d "$PGDATA" ]; then # whole or not at all
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
  mv "$PGDATA.new" "$PGDATA"
fi

cat >"$PGDATA/pg_hba.conf" <<'X'
# An account opens the database of its own name and no other; the administrator comes from inside this container only.
local all      postgres          peer
host  sameuser all      samenet  scram-sha-256
X

# by a socket of its own, so that nobody takes the server for ready before the accounts are there
pg_ctl --wait --silent --options="-c listen_addresses= -c unix_socket_directories=/tmp" start >/dev/null
while read -r name password; do
  psql --quiet --no-psqlrc --host=/tmp --set=ON_ERROR_STOP=1 --set=name="$name" --file=- <<X
SELECT format('CREATE ROLE %I LOGIN', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" PASSWORD '$password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
X
done <"$ACCOUNTS"
pg_ctl --wait --silent --mode=fast stop >/dev/null

exec postgres -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
