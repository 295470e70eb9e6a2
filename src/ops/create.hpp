// Taking a partitioned table under management, and creating partitions at given bounds.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// The 17 parameters of create_partition / create_parent (contract 3.1). NULL stands for "not given".
struct CreateRequest {
  std::string parent;
  std::string control;
  std::string interval;
  std::string type = "range";
  std::string epoch = "none";
  int premake = 4;
  std::optional<std::string> start;
  std::string automatic = "on";
  std::optional<std::vector<std::string>> constraint_cols;
  std::optional<std::string> template_table;
  std::optional<std::string> date_trunc_interval;
  std::optional<std::string> encoder;
  std::optional<std::string> decoder;
  std::int64_t offset_id = 0;
  enum class Default : std::uint8_t { Create, None } default_table = Default::Create;
  enum class NotNull : std::uint8_t { Required, Optional } control_not_null = NotNull::Required;
  enum class Jobmon : std::uint8_t { On, Off } jobmon = Jobmon::On;
};

// Contract 3.4 with rulings 10 to 15: existing partitions and default are adopted by bound. False when there is no
// partition at the end, existing or new. Locks: SHARE UPDATE EXCLUSIVE on the parent to the end of the transaction; on
// an existing default ACCESS EXCLUSIVE as well.
// `place`: for a partition that becomes a set before it is attached.
bool create_set(const Extension& extension, const CreateRequest& request, const Place* place = nullptr);

// What p_interval means for this table and this kind of key. Refuses what the key cannot be cut by.
struct Interval {
  std::string text;           // as stored
  core::IntervalParts parts;  // time sets
};
[[nodiscard]] Interval checked_interval(const CreateRequest& request, const Parent& parent);

// Creates partitions decided on by the caller, all in his transaction, or none: rows of the default that belong in one
// of them are refused (23514). What creations bring along (extra constraints) follows.
void create_or_refuse(const Extension& extension, ManagedSet set, std::vector<core::Action> actions);

// create_partition_time / create_partition_id: partitions at exactly these lower bounds (contract 3.6, 3.7); those that
// exist already are skipped. True when at least one was created.
enum class KeyKind : std::uint8_t { Time, Id };
bool create_at(const Extension& extension, const std::string& parent, KeyKind kind,
               std::span<const std::int64_t> lower_bounds);

}  // namespace strata::ops
