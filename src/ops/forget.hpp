// Forgetting configuration and leaving the tables: config_cleanup, stop_sub_partition (contract 8.6, 8.7).
#pragma once

#include "ops/apply.hpp"

namespace strata::ops {

enum class Forget : std::uint8_t { Keep, Remove };

struct CleanupRequest {
  std::string parent;
  Forget config = Forget::Remove;
  Forget sub_config = Forget::Remove;
  Forget template_table = Forget::Remove;
};

// Drops the template of a set that is forgotten, when it belongs to the owner of the set or bears the name that we give
// to the template of this parent: a configuration row must not make a superuser drop a stranger's table. Else a
// WARNING. Inside try_action.
enum class Fate : std::uint8_t { Dropped, Kept };
struct Forgotten {
  std::string name;        // of the parent, as configured
  Oid owner = InvalidOid;  // of the parent; invalid when that is gone
};
Fate drop_template(const Extension& extension, const Forgotten& set, const std::string& name,
                   const pg::LockDeadline& deadline);

// Removes what is asked for and tells so, NOTICE by NOTICE. A template that another set names stays, with a WARNING.
void clean_up(const Extension& extension, const CleanupRequest& request);

// Deletes the sub-configuration of a parent, if there is one.
void stop_sub_partition(const Extension& extension, const std::string& parent);

}  // namespace strata::ops
