#!/usr/bin/env bash
# The database servers that tests/databases.rs and tests/landing.rs start: installed where that is ours to do (root on
# Debian or its kin), else said to be missing. A URL in the environment takes the place of a server.
set -euo pipefail
missing=()
[ -n "${PIPEWRIGHT_TEST_POSTGRES_URL:-}" ] || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing+=(postgresql)
[ -n "${PIPEWRIGHT_TEST_MYSQL_URL:-}" ] || ls /usr/sbin/mariadbd /usr/local/sbin/mariadbd > /dev/null 2>&1 || missing+=(mariadb-server)
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # The packages start servers of their own where they may: the tests use none of those.
    (apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}") > /dev/null 2>&1 && exit 0
fi
echo "NOT TESTED: ${missing[*]} can't be installed here; set PIPEWRIGHT_TEST_POSTGRES_URL and PIPEWRIGHT_TEST_MYSQL_URL instead" >&2
