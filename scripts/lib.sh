# shellcheck shell=bash
# Shared by scripts/check, scripts/demo and scripts/bare: source it, do not run it.
#
# What it promises: nothing outside the build directory and one temporary directory is written (apart from Debian
# packages that need_packages installs); no server but the ones started here is touched; leaving the script by any road
# ends those servers and removes the temporary directory (KEEP=1 keeps its files).

set -Eeuo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_MAJOR=${PG_MAJOR:-15}
PG_BIN=${PG_BIN:-/usr/lib/postgresql/$PG_MAJOR/bin}
EXTENSION=pg_strata
WORK=
JOB=
export LC_ALL=C.UTF-8 LANG=C.UTF-8 # PostgreSQL's test library takes the first away
# A caller's client settings must lead nobody to another server.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGOPTIONS PGDATA PGTZ \
  PGDATESTYLE PGCLIENTENCODING PGAPPNAME PGSSLMODE MAKEFLAGS MAKELEVEL MFLAGS TEMP_CONFIG
umask 022

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

trap 'failed_at "$?" "$LINENO" "$BASH_COMMAND"' ERR
trap 'leave' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

failed_at() {
  local command=${3%%$'\n'*}
  printf 'error: %s, line %s: exit status %s from: %s\n' "${0##*/}" "$2" "$1" "${command:0:100}" >&2
}

am_root() { [ "$(id -u)" = 0 ]; }

as_root() {
  if am_root; then "$@"; else sudo ${CI:+-n} "$@"; fi
}

# PostgreSQL refuses to run as root; there its own user takes over.
server_user() {
  if am_root; then echo postgres; else id -un; fi
}

# STRATA_SERVER_ENV: more environment for what runs there, as scripts/matrix --sanitize needs it.
as_server() {
  if am_root; then runuser -u postgres -- env ${STRATA_SERVER_ENV:-} "$@"; else env ${STRATA_SERVER_ENV:-} "$@"; fi
}

# Installs those of the named Debian packages that are missing.
need_packages() {
  local missing=() p
  command -v dpkg-query >/dev/null || { warn "not a Debian system: taking these as installed: $*"; return 0; }
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed$' || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing: ${missing[*]}"
  am_root || command -v sudo >/dev/null || die "missing packages, and neither root nor sudo: ${missing[*]}"
  apt_get install "${missing[@]}" || {
    apt_get update && apt_get install "${missing[@]}"
  } || die "could not install: ${missing[*]}"
}

# Quiet unless it fails.
apt_get() {
  local log rc=0
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600 --no-install-recommends "$@" \
    >"$log" 2>&1 </dev/null || rc=$?
  [ "$rc" = 0 ] || tail -n 15 "$log" >&2
  rm -f "$log"
  return "$rc"
}

# One private directory per run; as root it belongs to the server's user, who must reach everything in it.
make_work() {
  WORK=$(mktemp -d "/tmp/$EXTENSION.XXXXXX") # short: socket paths have 107 characters
  chmod 700 "$WORK"
  server_dir "$WORK"
  server_dir "$WORK/tmp"
}

server_dir() {
  mkdir -p "$1"
  ! am_root || chown postgres: "$1"
}

# --- sources and builds -----------------------------------------------------------------------------------------------

# The project's files, tracked or about to be, one a line; also in a copy without git.
project_files() {
  cd "$REPO"
  if command -v git >/dev/null && git -c safe.directory="$REPO" rev-parse --git-dir >/dev/null 2>&1; then
    git -c safe.directory="$REPO" ls-files --cached --others --exclude-standard -x /build | while IFS= read -r f; do
      [ ! -f "$f" ] || printf '%s\n' "$f"
    done
  else
    find . -type f -not -path './build/*' -not -path './.git/*' -printf '%P\n'
  fi
}

copy_tree() {
  mkdir -p "$1"
  project_files | (cd "$REPO" && xargs -r -d '\n' cp -p --parents -t "$1")
  chmod -R a+rX "$1"
}

# Where objects are kept between runs; one directory per user, so that root and a user can share a clone.
build_root() {
  local top=$REPO/build
  if [ -n "${STRATA_BUILD_DIR:-}" ]; then
    top=$STRATA_BUILD_DIR
    mkdir -p "$top"
  elif [ ! -d "$top" ]; then
    mkdir -p "$top" || die "cannot write $top: set STRATA_BUILD_DIR to a directory of yours"
    ! am_root || chown --reference="$REPO" "$top"
  fi
  mkdir -p "$top/$(id -un)" || die "cannot write $top: set STRATA_BUILD_DIR to a directory of yours"
  echo "$top/$(id -un)"
}

# build_module NAME MAKE_ARGUMENT...: builds a copy of the sources and stages it under $WORK/stage/NAME.
build_module() {
  local name=$1 root dir stage file
  shift
  root=$(build_root)
  dir=$root/$name
  stage=$WORK/stage/$name
  (
    flock 9
    cd "$REPO"
    project_files | grep -vE '^(test|expected|docs|bench|scripts|\.ci)/' | LC_ALL=C sort >"$root/$name.new"
    # Objects do not depend on the Makefile, nor the module on the list of its sources.
    [ ! -f "$dir/Makefile" ] || cmp -s Makefile "$dir/Makefile" || rm -rf "$dir"
    cmp -s "$root/$name.new" "$root/$name.list" || {
      [ ! -f "$root/$name.list" ] ||
        LC_ALL=C comm -13 "$root/$name.new" "$root/$name.list" | sed "s|^|$dir/|" | xargs -r -d '\n' rm -f
      rm -f "$dir"/*.so "$dir/$EXTENSION"--*.sql
    }
    mkdir -p "$dir"
    while IFS= read -r file; do # by content: times lie after a checkout or an unpacked archive
      cmp -s "$file" "$dir/$file" || cp --parents -t "$dir" "$file"
    done <"$root/$name.new"
    mv "$root/$name.new" "$root/$name.list"
    make -s -C "$dir" -j"$(nproc)" PG_CONFIG="$PG_BIN/pg_config" "$@"
    make -s -C "$dir" PG_CONFIG="$PG_BIN/pg_config" DESTDIR="$stage" "$@" install
    chmod -R a+rX "$stage"
  ) 9>"$root/$name.lock"
}

# The lines that make a server find a staged build.
stage_config() {
  local stage=$WORK/stage/$1
  say "dynamic_library_path = '$stage$("$PG_BIN/pg_config" --pkglibdir):\$libdir'"
  if [ "$PG_MAJOR" -ge 18 ]; then
    say "extension_control_path = '$stage$("$PG_BIN/pg_config" --sharedir):\$system'"
  else
    say "extension_destdir = '$stage'" # Debian's patch
  fi
}

# --- throwaway servers ------------------------------------------------------------------------------------------------

# The socket lies in a directory of its own, so any number would do; one that nobody listens on keeps mistakes harmless.
free_port() {
  local port
  for _ in 1 2 3 4 5 6 7 8 9; do
    port=$((49152 + RANDOM % 16000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "found no free port"
}

# start_server NAME < CONFIG_LINES: sets PGHOST, PGPORT, PGUSER for what follows.
start_server() {
  local dir=$WORK/$1 socket=$WORK/$1.s
  server_dir "$socket"
  PGPORT=$(free_port) PGHOST=$socket PGUSER=postgres PGDATABASE=postgres
  export PGPORT PGHOST PGUSER PGDATABASE
  (
    cd "$WORK"
    as_server "$PG_BIN/initdb" -D "$dir" -U postgres -A trust -N -E UTF8 --locale=C.UTF-8 \
      </dev/null >"$WORK/$1.initdb.log" 2>&1 ||
      { tail -n 20 "$WORK/$1.initdb.log" >&2; die "initdb failed"; }
    {
      say "listen_addresses = ''"
      say "unix_socket_directories = '$socket'"
      say "port = $PGPORT"
      say "fsync = off"
      say "log_line_prefix = '%m [%p] %q%a '"
      cat
    } | as_server tee -a "$dir/postgresql.conf" >/dev/null
    as_server "$PG_BIN/pg_ctl" -D "$dir" -l "$WORK/$1.log" -w -t 60 start </dev/null >/dev/null ||
      { tail -n 20 "$WORK/$1.log" >&2; die "the server did not start"; }
  )
}

stop_server() { (cd "$WORK" && as_server "$PG_BIN/pg_ctl" -D "$WORK/$1" -m fast -w stop >/dev/null); }

# --- leaving ----------------------------------------------------------------------------------------------------------

# Runs a function in a process group of its own that leave() can end, and waits for it. Its status goes to JOB_STATUS:
# as this function's own, `run_job f || ...` would switch errexit off inside f.
run_job() {
  JOB_STATUS=0
  set -m
  ("$@") </dev/null &
  JOB=$!
  set +m
  wait "$JOB" || JOB_STATUS=$?
  JOB=
}

# Every server that runs in a data directory under $WORK is ours, also one that a test left behind.
stop_all_servers() {
  local pidfile dir pid
  find "$WORK" -name postmaster.pid 2>/dev/null | while IFS= read -r pidfile; do
    dir=${pidfile%/*}
    read -r pid <"$pidfile"
    [ "$(readlink "/proc/$pid/cwd")" = "$dir" ] || continue # left by a crash: the number may be somebody else's by now
    (cd "$WORK" && as_server "$PG_BIN/pg_ctl" -D "$dir" -m immediate -w stop >/dev/null 2>&1)
  done
}

leave() {
  local rc=${1:-$?}
  trap - ERR EXIT
  set +e
  [ -z "$JOB" ] || { kill -TERM -- "-$JOB" && wait "$JOB"; } 2>/dev/null
  [ -n "$WORK" ] && [ -d "$WORK" ] || exit "$rc"
  [ -z "${KEEP_SERVER:-}" ] || exit "$rc"
  stop_all_servers
  [ -n "${KEEP:-}" ] || rm -rf "$WORK"
  exit "$rc"
}
