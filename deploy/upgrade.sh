#!/bin/sh
# Brings Friday to another version, installed beside the one that runs, and back again when the new one is not well.
#
#   deploy/upgrade.sh friday_digest-0.2.0-py3-none-any.whl   upgrade; goes back by itself when a step fails
#   deploy/upgrade.sh --check friday_digest-….whl            install it beside, and say what would be done
#   deploy/upgrade.sh --back                                 back to the version before
#
# docs/upgrading.md follows it line by line. What is different on your machine, you say in the environment:
set -eu
home=${FRIDAY_HOME:-/opt/friday}                          # venv there is a link to the version that runs
config=${FRIDAY_CONFIG:-/var/lib/friday/config.toml}
user=${FRIDAY_USER:-friday}                               # whom the newsroom's files belong to
backups=${FRIDAY_BACKUPS:-/var/backups/friday}
backup=${FRIDAY_BACKUP:-}                                 # a command of your own that makes one
stop=${FRIDAY_STOP:-systemctl stop friday}
start=${FRIDAY_START:-systemctl start friday}
health=${FRIDAY_HEALTH:-http://127.0.0.1:8000/health}
patience=${FRIDAY_PATIENCE:-60}                           # seconds the new version may take to come up
python=${FRIDAY_PYTHON:-python3}
packages=${FRIDAY_PACKAGES:-}                             # more to install, such as psycopg[binary]

say() { echo "upgrade: $*"; }
fail() { say "$*" >&2; exit 1; }

main() {
  mkdir "$home/.upgrading" 2>/dev/null || fail "another upgrade is going on ($home/.upgrading)"
  stage=before
  trap finish EXIT
  trap 'exit 130' INT TERM HUP
  case ${1:-} in
    --back) return_to_before ;;
    --check) install_beside "${2:-}"; foresee ;;
    *) install_beside "${1:-}"; foresee; upgrade ;;
  esac
}

# Whatever ends this script, a service that it stopped runs again.
finish() {
  status=$?
  trap - EXIT
  if [ "$stage" = stopped ]; then
    say "that did not work: going back to $(basename "$old")" >&2
    go_back || status=2
    [ $status -ne 0 ] || status=1
  fi
  rmdir "$home/.upgrading"
  exit $status
}

install_beside() {
  wheel=$1
  [ -f "$wheel" ] || fail "there is no wheel '$wheel'"
  requirements=${FRIDAY_REQUIREMENTS:-$(dirname "$wheel")/requirements.txt}
  [ -f "$requirements" ] || fail "there is no $requirements: it comes with the wheel"
  [ -x "$home/venv/bin/python" ] || fail "no version is installed at $home/venv"
  old=$(readlink -f "$home/venv")
  version=$(basename "$wheel" | cut -d- -f2)
  new=$home/venv-$version-$(sha256sum "$wheel" "$requirements" | sha256sum | cut -c1-8)
  [ "$old" != "$new" ] || fail "this version runs already"
  [ -f "$new/complete" ] && return
  say "installing $version into $new"
  rm -rf "$new"
  (umask 022 && "$python" -m venv "$new")
  set -- "$new/bin/python" -m pip install --quiet --disable-pip-version-check
  (umask 022 && "$@" --require-hashes -r "$requirements" && "$@" --no-deps "$wheel")
  # shellcheck disable=SC2086 # several packages are several words
  [ -z "$packages" ] || (umask 022 && "$@" $packages)
  touch "$new/complete"
}

foresee() {
  found=$(digest "$new" migrate --check 2>&1) || true
  echo "$found"
  case $found in *"error: "*) fail "nothing was changed" ;; esac
}

upgrade() {
  stage=stopped
  say "stopping"
  $stop
  make_backup
  say "migrating"
  digest "$new" migrate --backed-up
  switch_to "$new" "$old"
  say "starting $(basename "$new")"
  $start
  is_well "$new" || exit 1
  stage=over
  say "$(basename "$new") runs. Back again: $0 --back"
}

make_backup() {
  made=$backups/before-$(basename "$new")-$(date +%Y%m%dT%H%M%S)
  say "backing up to $made"
  # shellcheck disable=SC2174 # only the last folder is ours
  [ -d "$backups" ] || mkdir -p -m 700 "$backups"
  [ "$(id -u)" -ne 0 ] || chown "$user" "$backups"
  if [ -n "$backup" ]; then
    $backup "$made"
  elif digest "$old" backup --help >/dev/null 2>&1; then
    digest "$old" backup "$made"
  else
    as_friday "$old/bin/python" -P -c "$COPY_SQLITE" "$config" "$made"
  fi
}

# For a version that has no command of its own for it.
COPY_SQLITE='
import os, pathlib, sqlite3, sys
from digest.config import load_config
url = load_config(pathlib.Path(sys.argv[1])).database.url
if not url.startswith("sqlite:///"):
    sys.exit("set FRIDAY_BACKUP to a command that backs up the database into the folder it is given")
os.umask(0o077)
os.makedirs(sys.argv[2])
there, here = sqlite3.connect(sys.argv[2] + "/digest.db"), sqlite3.connect(url.removeprefix("sqlite:///"))
here.backup(there)
there.execute("PRAGMA journal_mode = delete")
'

return_to_before() {
  [ -L "$home/venv-before" ] || fail "there is no version to go back to"
  new=$(readlink -f "$home/venv") old=$(readlink -f "$home/venv-before")
  go_back || { stage=over; exit 2; }
}

# The version before runs again. Where the database went on, the newer program lets it in; where it
# cannot, only the backup leads back, and nothing is started.
go_back() {
  stage=over
  $stop || true
  if ! digest "$old" migrate --check >/dev/null 2>&1; then
    revision=$(as_friday "$old/bin/python" -P -c \
      'from digest.revisions import known_revisions; print(known_revisions()[-1])')
    if ! digest "$new" migrate --admit "$revision"; then
      say "$(basename "$old") cannot use this database any more. Nothing runs now." >&2
      say "Restore the backup${made:+ $made} with it (docs/upgrading.md), or mend the newer version." >&2
      return 1
    fi
  fi
  switch_to "$old" ""
  say "starting $(basename "$old")"
  $start
  is_well "$old" || return 1
  say "$(basename "$old") runs again"
}

# The service's unit names $home/venv: the change is one rename.
switch_to() {
  if [ ! -L "$home/venv" ]; then # a first upgrade finds a folder there, as docs/operating.md installs it
    [ "$1" != "$home/venv" ] || return 0
    mv "$home/venv" "$home/venv-first"
    old=$home/venv-first
    set -- "$1" "${2:+$old}"
  fi
  if [ -n "$2" ]; then link "$2" "$home/venv-before"; else rm -f "$home/venv-before"; fi
  link "$1" "$home/venv"
}

link() { ln -sfn "$1" "$2.new" && mv -T "$2.new" "$2"; }

# Both halves: the pages answer, and a scheduler gives signs of life.
is_well() {
  say "waiting until it is well"
  until=$(($(date +%s) + patience))
  while [ "$(date +%s)" -lt "$until" ]; do
    if "$1/bin/python" -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=5)' "$health" \
      2>/dev/null && digest "$1" status 2>/dev/null | grep -q '^schedulers alive'; then
      return 0
    fi
    sleep 1
  done
  say "it is not well after $patience seconds" >&2
  return 1
}

# Not bin/digest: its first line names the folder it was installed in. -P: not what lies in this folder.
digest() { program=$1 && shift && as_friday "$program/bin/python" -P -m digest --config "$config" "$@"; }

as_friday() {
  if [ "$(id -u)" -eq 0 ] && [ "$user" != root ]; then runuser -u "$user" -- "$@"; else "$@"; fi
}

main "$@"
