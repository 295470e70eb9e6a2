#!/usr/bin/env bash
# Fails if a member object of the install script, or a column of a table that
# only pg_strata has, lacks its COMMENT ON. Relies on the layout of sql/:
# "CREATE kind @extschema@.name" on one line, columns indented by four spaces.
set -euo pipefail
cd "$(dirname "$0")/../.."

awk '
function key(kind, text) {            # "FUNCTION check_default"
    sub(/^@extschema@\./, "", text); sub(/[^A-Za-z0-9_.].*$/, "", text)
    return kind " " text
}
/^CREATE TRIGGER / { wanted[key($2, $3)]; next }
/^CREATE (UNIQUE )?INDEX / { next }   # its table speaks for it
/^CREATE / {
    if ($3 !~ /^@extschema@\./) { print FILENAME ": no @extschema@ in: " $0; bad = 1 }
    wanted[key($2, $3)]
    own = $2 == "TABLE" && $3 !~ /\.part_config(_sub)?$/ ? $3 : ""
}
/^\);?$/ { own = "" }
own && /^    [a-z_]+ / && $1 != "CONSTRAINT" { wanted[key("COLUMN", own "." $1)] }
/^COMMENT ON / { found[key($3, $4)] }
END {
    for (object in wanted) if (!(object in found)) { print "no COMMENT ON " object; bad = 1 }
    if (!length(wanted)) { print "no member object found in sql/*.sql"; bad = 1 }
    exit bad
}' sql/*.sql
