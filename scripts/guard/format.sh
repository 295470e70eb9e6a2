#!/usr/bin/env bash
# Sources are formatted as .clang-format says. To mend: clang-format-19 -i FILE...
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
[ -f .clang-format ] || { echo ".clang-format is missing"; exit 1; }
command -v clang-format-19 >/dev/null || { echo "clang-format-19 is not installed"; exit 1; }
mapfile -t files < <(find src test/unit -name '*.cpp' -o -name '*.hpp' | sort)
[ ${#files[@]} -gt 0 ] || { echo "no sources found"; exit 1; }
if ! found=$(clang-format-19 --dry-run --Werror "${files[@]}" 2>&1); then
  unformatted=$(grep 'error:' <<<"$found" | cut -d: -f1 | sort | uniq -c)
  printf 'places to format, by file:\n%s\n' "${unformatted:-$found}"
  exit 1
fi
