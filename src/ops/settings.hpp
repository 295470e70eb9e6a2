// What a session can set: the extension's GUCs.
#pragma once

namespace strata::ops {

// pg_strata.strict_maintenance (rulings 1): on, a failed set makes maintenance fail; off, it is reported and skipped,
// as pg_partman does.
[[nodiscard]] bool strict_maintenance() noexcept;

// Tells the server about them. Runs once per process, when the module is loaded; may leave by longjmp.
void define_settings();

}  // namespace strata::ops
