// create_sub_partition: every partition of a set, present and future, becomes a set itself (contract 3.9).
#pragma once

#include "ops/create.hpp"

namespace strata::ops {

// Partitions that are plain tables are replaced by partitioned ones of the same name and bounds; their rows stay (the
// peer drops them). Those already partitioned by the control column are left alone. The set is configured for
// sub-partitioning from then on. `consent`: p_declarative_check, must be yes.
// Locks: ACCESS EXCLUSIVE on the parent and each replaced partition, to the end of the transaction.
bool create_sub_set(const Extension& extension, const CreateRequest& request,
                    const std::optional<std::string>& consent);

// check_subpartition_limits: the bounds, as text, that a sub-set of this kind must stay within, or that a partition
// that is not managed itself has in its set (contract 8.6).
struct LimitTexts {
  std::optional<std::string> lower;
  std::optional<std::string> upper;
};
[[nodiscard]] LimitTexts limit_texts(const Extension& extension, const std::string& parent,
                                     const std::optional<std::string>& type);

}  // namespace strata::ops
