#!/usr/bin/env bash
# No function over 60 lines. Formatted code opens a function with a line at the margin (or, in a class, two columns in)
# and closes it with a lone brace in the same column; whatever else closes so is inside one and shorter.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
find src -name '*.[ch]pp' -print0 | xargs -0 -r awk -v limit=60 '
  FNR == 1 { split("", open) }
  match($0, /^ */) && RLENGTH <= 2 && substr($0, RLENGTH + 1, 1) ~ /[A-Za-z_\[~]/ { open[RLENGTH] = FNR; head[RLENGTH] = $0 }
  /^(  )?}$/ {
    column = index($0, "}") - 1
    lines = FNR - open[column] + 1
    if (open[column] && head[column] !~ /^ *(namespace|struct|class|enum|union|extern "C" {)/ && lines > limit) {
      printf "%s:%d: %d lines (limit %d): %s\n", FILENAME, open[column], lines, limit, head[column]
      bad = 1
    }
  }
  END { exit bad }'
