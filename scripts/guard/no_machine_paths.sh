#!/usr/bin/env bash
# Nothing in the repository speaks of the machine it was written on: no absolute scratch or home path, no host name of
# the package mirror that this machine happens to use.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0
files() { git -c safe.directory="$PWD" ls-files -co --exclude-standard -x /build 2>/dev/null || find . -type f -not -path './build/*'; }

# refuse WHAT GREP_ARGUMENT...: no text file may match.
refuse() {
  local what=$1 hits
  shift
  hits=$(files | xargs -r -d '\n' grep -InHs "$@" | grep -vE 'mktemp' | cut -c1-160)
  [ -z "$hits" ] || { printf '%s:\n%s\n' "$what" "$hits"; bad=1; }
}

refuse "path of one machine" -E '(^|[^[:alnum:]_./-])/([w]ork|[r]oot|home/[a-z]|[t]mp)/[[:alnum:]]'
hosts=$(sed -nE 's/^(URIs:|deb(-src)?( \[[^]]*\])?) *https?:\/\/([^\/: ]+).*/\4/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sort -u | grep -vE '(^|\.)(debian|postgresql)\.org$')
for host in $hosts; do
  refuse "host name of this machine's package mirror" -F -- "$host"
done
exit "$bad"
