// From a loaded set to the list of actions with their statements: what plan_maintenance prints and maintenance runs.
#pragma once

#include "ops/apply.hpp"
#include "ops/child.hpp"

namespace strata::ops {

struct PlannedAction {
  core::Action action;
  std::vector<std::string> statements;  // as they will be run
  std::size_t by_caller = 0;            // the first of them, which run as the caller; the rest as the set's owner
  std::string lock_mode;                // strongest lock, and on what
  // What does the same where the call commits, as a command of its own and with a weaker lock; empty where none does.
  std::string concurrent = {};
};

// Who asked for a retirement: the configuration, which is then read again under the lock, or the call itself.
enum class Authority : std::uint8_t { Configuration, Call };

struct PlannedSet {
  ManagedSet set;
  ChildRecipe recipe;
  std::vector<PlannedAction> actions;
  std::vector<std::string> warnings;
  std::vector<std::string> notices = {};
  std::vector<core::Refusal> refusals = {};  // why partitions that retention asks for stay
  Authority authority = Authority::Configuration;
  bool became_full = false;  // sub_partition_set_full is to be set
  [[nodiscard]] bool empty() const noexcept {
    return actions.empty() && warnings.empty() && refusals.empty() && !became_full;
  }
};

// Says what the decision said besides its actions.
void report_remarks(const PlannedSet& planned);

// Decides what a run at `now_utc` would do, or a part of it. Reads as the set's owner, changes nothing.
[[nodiscard]] PlannedSet plan_set(const Extension& extension, ManagedSet set, core::Retirement retirement,
                                  std::int64_t now_utc, core::PlanPart part = core::PlanPart::All);

// The same for creations decided elsewhere (create_partition, create_partition_time, ...): names, recipe, statements.
[[nodiscard]] PlannedSet plan_creations(const Extension& extension, ManagedSet set, std::vector<core::Action> actions);

// Retention alone, at a reference time of the caller's choice, with the retention and options in the set's policy.
[[nodiscard]] PlannedSet plan_retirement(const Extension& extension, ManagedSet set, std::int64_t reference_utc);

// The call that cures a default partition whose rows block new partitions.
[[nodiscard]] std::string cure_for_default(const Extension& extension, const ManagedSet& set);

// How this call would retire partitions (rulings 8).
[[nodiscard]] core::Retirement retirement_of(const Config& config, Mode mode) noexcept;

[[nodiscard]] const char* action_name(core::ActionKind kind) noexcept;

}  // namespace strata::ops
