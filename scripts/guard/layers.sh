#!/usr/bin/env bash
# Dependencies point one way: entry -> ops -> {core, pg}; core -> std; pg -> PostgreSQL + std.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0

# forbid PLACE PATTERN MESSAGE: no line under src/PLACE may match.
forbid() {
  local hits
  hits=$(grep -rnE --include='*.[ch]pp' -- "$2" "src/$1" 2>/dev/null)
  [ -z "$hits" ] || { printf '%s:\n%s\n' "$3" "$hits"; bad=1; }
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
for layer in core pg ops entry; do
  [ -d "src/$layer" ] || { echo "src/$layer is missing"; bad=1; }
done
forbid core "$include\"(pg|ops|entry)/" "src/core includes another layer"
forbid core "$include(<[^>]*[./][^>]*>|\"[^\"]*\\.h\")" "src/core includes something that is not core or the standard library"
forbid pg "$include\"(core|ops|entry)/" "src/pg includes another layer"
forbid ops "$include\"entry/" "src/ops includes entry"
forbid entry "$include\"core/" "src/entry includes core: decisions belong in ops"
for layer in core ops entry; do
  forbid "$layer" '\<(sigsetjmp|siglongjmp|PG_TRY|PG_CATCH|PG_FINALLY|PG_RE_THROW)\>' \
    "src/$layer catches PostgreSQL errors itself: only src/pg may"
done
stray=$(find src -mindepth 1 -maxdepth 1 -not -type d; find src -name '*.[ch]pp' | grep -vE '^src/(core|pg|ops|entry)/')
[ -z "$stray" ] || { printf 'outside the four layers:\n%s\n' "$stray"; bad=1; }
exit "$bad"
