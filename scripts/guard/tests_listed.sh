#!/usr/bin/env bash
# A test that no list names never runs; a list that names no file breaks the run.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
bad=0
complain() { echo "$*"; bad=1; }

# listed DIRECTORY EXTENSION
listed() {
  local schedule=test/$1/schedule names file name
  [ -f "$schedule" ] || { complain "$schedule is missing"; return; }
  names=$(sed -n 's/^test://p' "$schedule" | tr -s ' \t' '\n' | grep .)
  for file in "test/$1"/*."$2"; do
    name=$(basename "$file" ".$2")
    [ ! -e "$file" ] || grep -qxF -- "$name" <<<"$names" || complain "$file is not in $schedule"
  done
  for name in $names; do
    [ -f "test/$1/$name.$2" ] || complain "$schedule names $name: there is no test/$1/$name.$2"
    [ -s "expected/$name.out" ] || complain "expected/$name.out is missing"
  done
  sort <<<"$names" | uniq -d | grep . && complain "named twice in $schedule"
}
listed sql sql
listed specs spec
# CMake finds unit tests by pattern or by name.
for file in test/unit/*.cpp; do
  [ ! -e "$file" ] || grep -qE 'GLOB .*test/unit/\*\.cpp|\<'"$(basename "$file")"'\>' CMakeLists.txt ||
    complain "$file is not in CMakeLists.txt"
done
exit "$bad"
