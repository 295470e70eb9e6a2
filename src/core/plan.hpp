// What maintenance would do to one set, as values: the one decision path of run_maintenance, plan_maintenance and
// checks.
//
//   Policy (what is wanted) + Inventory (what the catalogs say) + Observation (where the rows are) + now  →  actions
//
// Pure: same arguments, same plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/bound.hpp"
#include "core/calendar.hpp"
#include "core/grid.hpp"
#include "core/naming.hpp"
#include "core/result.hpp"

namespace strata::core {

// Intervals that rows or partitions may lie ahead of the others; a year of days.
inline constexpr std::int32_t kOutlierHorizon = 366;

// A retention: an interval for time sets, a distance for id sets.
using Retention = std::variant<IntervalParts, std::int64_t>;

struct Policy {
  std::string parent;  // raw schema.table
  std::string schema;
  std::string table;
  KeyType key = KeyType::Timestamptz;
  Step step;
  int premake = 4;
  bool infinite_time_partitions = false;
  bool ignore_default_data = true;
  std::optional<std::int32_t> outlier_horizon = kOutlierHorizon;  // see core/reach.hpp; empty: nothing is too far
  std::optional<Retention> retention;
  bool keep_table = true;
  bool keep_index = true;
  std::optional<std::int32_t> max_retirements;  // one run; empty: no limit
  std::optional<IntervalParts> grace;           // between the detach and the drop of what is to be dropped
  std::string datetime_string;                  // time sets
  NamePattern pattern = NamePattern::Contract;
  // Sub-sets: partitions begin inside these, the bounds of the set's own table in its parent (contract 3.5, 4.4).
  std::optional<Range> limits;
  bool full = false;       // sub_partition_set_full: nothing to create, no retention
  bool may_empty = false;  // sub-partitioned partitions: retention may take the last one, too (contract 5.4)

  // How names of partitions of a time set end, as format_local takes it, and what stands before that.
  [[nodiscard]] std::string_view name_format() const noexcept {
    return pattern == NamePattern::Contract ? std::string_view(datetime_string) : format_of(pattern);
  }
  [[nodiscard]] std::string_view name_lead() const noexcept { return pattern == NamePattern::Contract ? "_p" : "_"; }

  // Whether a partition may begin here.
  [[nodiscard]] bool within_limits(const Bound& lower) const noexcept {
    return !limits || (limits->lower <= lower && lower < limits->upper);
  }
};

// One partition as the catalogs show it.
struct Child {
  std::uint32_t oid = 0;
  std::string schema;
  std::string name;
  Range range;
  double estimated_rows = 0;  // reltuples, -1 when never analysed
  std::int64_t bytes = 0;
};

struct Inventory {
  std::vector<Child> children;  // ascending by lower bound, default excluded
  std::optional<Child> default_partition;
  [[nodiscard]] std::vector<Range> ranges() const;
};

// Where the rows are, far ones left out (core/reach.hpp). `highest_filled`: index into children of the highest one that
// holds a row; time sets with infinite_time_partitions need it only above now. `max_id`: largest key there (id sets).
// `latest`: largest key there, needed with infinite_time_partitions where that is the partition of now. `default_max`:
// largest key in the default, read only when ignore_default_data is off.
struct Observation {
  std::optional<std::size_t> highest_filled;
  std::optional<Tick> max_id;
  std::optional<Tick> latest = {};
  std::optional<Tick> default_max;
};

enum class ActionKind : std::uint8_t {
  Create,        // build a partition free-standing, attach it
  Move,          // create a partition together with its rows, which are in the default
  Blocked,       // wanted, but too many rows in the default belong there: nothing is done, the run reports it
  Moving,        // wanted, but left to a move of rows that is under way and makes it: nothing is done
  Detach,        // detach; stays as a table, or is dropped by the Drop that follows
  Drop,          // drop a detached partition
  DropAttached,  // drop an attached partition in one step (function form without detach_before_drop)
  Constrain,     // add min/max constraints to a partition that no longer changes
};

struct Action {
  ActionKind kind = ActionKind::Create;
  std::uint32_t oid = 0;  // existing relation, 0 for one to be created
  std::string schema;
  std::string name;
  NameChoice names;  // Create: before the free one is chosen
  Range range;
  double estimated_rows = 0;
  std::int64_t bytes = 0;
  std::string reason;
  friend bool operator==(const Action&, const Action&) = default;
};

[[nodiscard]] constexpr bool makes_partition(ActionKind kind) noexcept {
  return kind == ActionKind::Create || kind == ActionKind::Move;
}

// How retirement is carried out: the procedure detaches, commits, drops; a function may drop in one step.
enum class Retirement : std::uint8_t { DetachThenDrop, DropAttached };

struct SetPlan {
  std::vector<Action> actions;        // creations ascending, then retirements ascending
  std::vector<std::string> warnings;  // for example: the last partition is kept
  std::vector<std::string> notices;   // for example: more than one run may take are past their retention
  bool became_full = false;           // sub-sets: the last partition reaches over the end of the limits
};

struct PlanLimits {
  std::size_t max_creations = 10'000;  // one run; more is refused with 54000
};

[[nodiscard]] Refusal too_many_creations(const Policy& policy, const PlanLimits& limits);

// `now_utc`: microseconds UTC. Premake as contract 4.4/4.5 on real bounds (rulings 7): the next partition begins at the
// last real upper bound, gaps from the current partition on are closed; creations that retention would drop at once are
// left out; retirement never takes the last partition.
[[nodiscard]] Result<SetPlan> plan_maintenance(const Policy& policy, const Calendar& calendar,
                                               const Inventory& inventory, const Observation& seen,
                                               std::int64_t now_utc, Retirement retirement, const NameRules& names,
                                               const PlanLimits& limits = {});

// Creations without retirements (run_provisioning), or the other way round (run_cleanup).
enum class PlanPart : std::uint8_t { All, Creations, Retirements };
// Retirements alone must not count on the creations of the plan: then the last partition stays, unless it may go.
[[nodiscard]] SetPlan part_of(SetPlan plan, PlanPart part, const Policy& policy, const Inventory& inventory);

// Retention alone, as drop_partition_time and drop_partition_id ask for it: all of it, without grace.
[[nodiscard]] Result<SetPlan> plan_retirement(const Policy& policy, const Calendar& calendar,
                                              const Inventory& inventory, const Observation& seen,
                                              std::int64_t reference_utc, Retirement retirement);

// Indexes into inventory.children of what retention would take, ascending (contract 5.3, on real upper bounds):
// time: upper < reference − retention; id: retention <= max_id − upper. Never the last remaining partition: then
// `kept_last` names it.
struct Retirees {
  std::vector<std::size_t> children;
  std::optional<std::size_t> kept_last;
};
[[nodiscard]] Retirees retirees(const Calendar& calendar, const Inventory& inventory, const Retention& retention,
                                std::optional<Tick> max_id, std::int64_t reference_utc);

// Whether what was detached at that moment may be dropped. Days are those of the set's zone.
[[nodiscard]] bool grace_is_over(const Policy& policy, const ZoneRules* zone, std::int64_t detached_utc,
                                 std::int64_t now_utc);

// The first partitions of a new set.
struct InitialRequest {
  std::optional<std::int64_t> start;  // instant (µs UTC) or, for id sets, the number; empty: from now/max
  std::int64_t now_utc = 0;
  Tick max_id = 0;  // id sets: largest key, 0 when empty
  std::int64_t offset_id = 0;
  IntervalParts interval;           // time sets: as given, for the truncation field
  std::optional<TruncField> trunc;  // p_date_trunc_interval
};
// Contract 3.4.5 / 3.4.6, minus what `inventory` already covers (adoption by bound). Names filled in.
[[nodiscard]] Result<std::vector<Action>> plan_initial(const Policy& policy, const Calendar& calendar,
                                                       const Inventory& inventory, const InitialRequest& request,
                                                       const NameRules& names, const PlanLimits& limits = {});

// A Create action for exactly this range.
[[nodiscard]] Result<Action> create_action(const Policy& policy, const Calendar& calendar, const Range& range,
                                           std::string reason, const NameRules& names);

// Who holds a wanted name already.
struct NameHolder {
  enum class Kind : std::uint8_t { Stranger, SameSet, OtherSet } kind = Kind::Stranger;
  std::string contract_name;  // SameSet: the name its own lower bound would give it
};
// Chooses contract or fallback name (rulings 10, 11). `holder` is asked by name and answers with who holds it, if any.
// Free: contract name. Held by a partition of another set or after clipping, or by a partition of this set whose own
// bound gives it that name (repeated hour): fallback. Else DuplicateTable with a hint.
struct TakenName {
  std::string name;
  NameHolder holder;
};
[[nodiscard]] Result<std::string> choose_name(const NameChoice& choice, const std::vector<TakenName>& taken);

}  // namespace strata::core
