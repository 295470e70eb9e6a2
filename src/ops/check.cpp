#include "ops/check.hpp"

#include "ops/default_rows.hpp"
#include "ops/far_rows.hpp"
#include "ops/observe.hpp"
#include "ops/planner.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr std::array<const char*, 3> kSeverities{"info", "warning", "error"};

// --- bounds and names ------------------------------------------------------------------------------------------------

enum class Reach : std::uint8_t { OfPremake, BeyondPremake };

std::string quoted_name(const core::Child& child) {
  return pg::qualified(child.schema, child.name);
}

bool is_retirement(const core::Action& action) noexcept {
  return action.kind == core::ActionKind::Detach || action.kind == core::ActionKind::DropAttached;
}

class Partitions {
 public:
  Partitions(const Extension& extension, const ManagedSet& set, std::vector<Finding>& found) noexcept
      : extension_(extension), set_(set), found_(found) {}

  Reach bounds(std::int64_t now_utc) {
    Reach reach = Reach::OfPremake;
    for (const core::BoundsFinding& one :
         core::find_drift(set_.policy, set_.calendar(), set_.inventory, now_utc, name_rules())) {
      if (one.drift == core::Drift::Far) reach = Reach::BeyondPremake;
      add_bounds(one);
    }
    return reach;
  }

  void rows_in_default(bool moving) {
    if (moving)
      return add(Severity::Info, "rows_in_default", &*set_.inventory.default_partition,
                 "Rows are being moved out of it: see move_progress.", {});
    add(blocked_ ? Severity::Error : Severity::Warning, "rows_in_default", &*set_.inventory.default_partition,
        blocked_ ? "Rows of a partition that is due keep it from being made."
                 : "Rows have come in for which there was no partition.",
        cure_for_default(extension_, set_) + (is_due_ ? "; " + run() : ""));
  }

  // Only somebody who knows the data can tell whether such a row is a mistake.
  void far_rows(const std::string& newest) {
    add(Severity::Warning, "far_rows", &*set_.inventory.default_partition,
        "Its newest row has the key " + newest + ". " + why_far(set_) +
            " No partition is made for such rows. Correct or delete them, or raise outlier_horizon if they are right.",
        {});
  }

  // From the newest down: of older ones autovacuum has seen those that matter.
  void statistics() {
    int asked = 0;
    for (std::size_t n = set_.inventory.children.size(); n-- > 0 && asked < kStatisticsAsked;) {
      const core::Child& child = set_.inventory.children[n];
      const ChildFacts& facts = set_.facts[n];
      if (child.estimated_rows >= 0 || facts.kind != RELKIND_RELATION) continue;
      ++asked;
      if (pg::file_bytes(facts.tablespace, facts.filenode) < kUnanalysed) continue;
      add(Severity::Info, "statistics_missing", &child, "It was never analysed: the planner guesses.",
          "ANALYZE " + quoted_name(child));
    }
  }

  void planned(const core::Action& action) {
    if (set_.half_detached && set_.half_detached->oid == action.oid) return;  // detach_pending says so
    const core::Child child{.oid = action.oid, .schema = action.schema, .name = action.name, .range = action.range};
    if (action.kind == core::ActionKind::Create)
      add(Severity::Warning, "missing_partition", &child, "It should exist by now: " + action.reason + ".", run());
    else if (action.kind == core::ActionKind::Drop && !is_attached(action.oid))
      add(Severity::Warning, "drop_overdue", &child, "Retention has detached it, and it was not dropped.", run());
    else if (is_retirement(action))
      add(Severity::Warning, "retention_overdue", &child, "Retention should have taken it by now.", run());
    else if (action.kind == core::ActionKind::Move || action.kind == core::ActionKind::Blocked) {
      is_due_ = true;
      blocked_ = blocked_ || action.kind == core::ActionKind::Blocked;
    }
  }

  void not_covered() {
    const auto& children = set_.inventory.children;
    add(Severity::Error, "short_runway", nullptr,
        "Rows that arrive now have no partition" +
            (children.empty() ? "." : ": the last one ends at " + set_.text(children.back().range.upper) + "."),
        run());
  }

  void not_checked() {
    add(Severity::Info, "not_checked", nullptr, "A table was locked: rows and plan have not been looked at.", {});
  }

  void failing_plan(const pg::Raise& failure) {
    if (failure.sqlstate != ERRCODE_DUPLICATE_TABLE || failure.table.empty())
      return add(Severity::Error, "plan_failing", nullptr, failure.message + ". " + failure.hint, {});
    const core::Child holder{.oid = 0, .schema = set_.parent.schema, .name = failure.table, .range = {}};
    add(Severity::Error, "name_collision", &holder, "It has the name of a partition that is due.",
        "ALTER TABLE " + quoted_name(holder) + " RENAME TO " +
            pg::quote_ident(free_name(set_.parent, failure.table, "_old")) + "; " + run());
  }

  void held_back(const core::Refusal& refusal) {
    add(Severity::Error, "retention_blocked", nullptr, refusal.message + ". " + refusal.hint, {});
  }

 private:
  static constexpr std::int64_t kUnanalysed = 8L << 20;  // bytes; autovacuum comes for less within minutes
  static constexpr int kStatisticsAsked = 128;

  [[nodiscard]] std::string call(const std::string& function) const {
    return call_of(extension_, function, std::array<std::string, 1>{set_.config.parent_table});
  }
  [[nodiscard]] std::string run() const { return call("run_maintenance"); }
  [[nodiscard]] std::string detach(const core::Child& child) const {
    return "ALTER TABLE " + set_.parent.quoted() + " DETACH PARTITION " + quoted_name(child);
  }
  [[nodiscard]] std::string shown(const core::Range& range) const {
    return set_.text(range.lower) + " to " + set_.text(range.upper);
  }

  void add(Severity severity, const char* code, const core::Child* child, std::string detail, std::string fix) {
    found_.push_back({.severity = severity,
                      .code = code,
                      .partition = child != nullptr ? std::optional(child->schema + "." + child->name) : std::nullopt,
                      .detail = std::move(detail),
                      .fix = std::move(fix)});
  }

  [[nodiscard]] bool holds_nothing(std::size_t n) const {
    const ChildFacts& facts = set_.facts[n];
    return facts.kind == RELKIND_RELATION && pg::file_is_empty(facts.tablespace, facts.filenode);
  }

  [[nodiscard]] bool is_attached(Oid oid) const {
    return std::ranges::any_of(set_.inventory.children, [oid](const core::Child& one) { return one.oid == oid; });
  }

  // In one transaction: no reader misses the rows, and writers wait. Its name goes to a partition of the right width;
  // the table stays, empty.
  [[nodiscard]] std::string rebuilt(const core::Child& child) const {
    const std::string data = extension_.object(set_.is_time() ? "partition_data_time" : "partition_data_id");
    const std::string other = free_name(set_.parent, child.name, "_old");
    return "BEGIN; " + detach(child) + "; ALTER TABLE " + quoted_name(child) + " RENAME TO " + pg::quote_ident(other) +
           "; " + call("partition_gap_fill") + "; SELECT " + data + "(" + pg::quote_literal(set_.config.parent_table) +
           ", 1000, p_source_table := " + pg::quote_literal(child.schema + "." + other) + "); COMMIT";
  }

  void add_bounds(const core::BoundsFinding& one) {
    const core::Child& child = set_.inventory.children[one.partition];
    switch (one.drift) {
      case core::Drift::Outlier:
        if (!holds_nothing(one.partition))
          return add(Severity::Warning, "far_partition", &child,
                     why_far(set_) +
                         " Premake leaves it out of account. Give its rows right keys and drop it, or raise "
                         "outlier_horizon if they are right.",
                     {});
        return add(Severity::Warning, "unexpected_partition", &child, "It is empty. " + why_far(set_), detach(child));
      case core::Drift::Far:
        if (holds_nothing(one.partition))
          return add(Severity::Warning, "unexpected_partition", &child,
                     "It is empty and lies beyond what premake reaches: no run goes on past the gap before it.",
                     detach(child));
        [[fallthrough]];
      case core::Drift::Gap:
        return add(Severity::Warning, "gap", nullptr,
                   "No partition covers " + shown(one.range) + ", but both sides of it do.",
                   call("partition_gap_fill"));
      case core::Drift::Misbounded:
        return add(Severity::Warning, "misbounded_partition", &child,
                   "It reaches from " + shown(child.range) + ", which is not one interval.", rebuilt(child));
      case core::Drift::Misnamed:
        return add(Severity::Info, "misnamed_partition", &child, "By its bounds it would be called " + one.name + ".",
                   "ALTER TABLE " + quoted_name(child) + " RENAME TO " + pg::quote_ident(one.name));
    }
  }

  const Extension& extension_;
  const ManagedSet& set_;
  std::vector<Finding>& found_;
  bool is_due_ = false;   // rows of the default belong to partitions that are due
  bool blocked_ = false;  // and are too many to go with them
};

// --- plan ------------------------------------------------------------------------------------------------------------

// Reads may wait for a lock or find a lower layer refusing: for this set only that is said.
template <class F>
void guarded_look(Partitions& report, F&& look) {
  try {
    pg::in_subtransaction(look);
  } catch (const pg::Raise& raise) {
    report.failing_plan(raise);
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
    if (detail::is_lock_failure(error)) return report.not_checked();
    report.failing_plan(raise_of(error));
  }
}

bool same_action(const core::Action& a, const core::Action& b) {
  return a.kind == b.kind && a.oid == b.oid && a.range == b.range;
}

bool contains(const PlannedSet& planned, const core::Action& action) {
  return std::ranges::any_of(planned.actions,
                             [&](const PlannedAction& other) { return same_action(other.action, action); });
}

std::ptrdiff_t count_of(const PlannedSet& planned, core::ActionKind kind) {
  return std::ranges::count_if(planned.actions, [kind](const PlannedAction& one) { return one.action.kind == kind; });
}

bool lies_in_a_gap(const ManagedSet& set, const core::Action& action, std::int64_t now_utc) {
  const std::size_t in_use = core::reach_of(set.policy, set.calendar(), set.inventory, now_utc).end;
  return in_use > 0 && action.range.upper <= set.inventory.children[in_use - 1].range.lower;
}

// Whether rows of this moment find a partition. Sub-sets of another time need none.
bool covers_now(const ManagedSet& set, std::int64_t now_utc) {
  if (!set.is_time() || set.policy.limits) return true;
  return core::covered_until(set.inventory, set.calendar().from_utc(now_utc)).has_value();
}

// New ids come all the time: what is missing of their premake is no finding before half of it is.
bool half_is_there(const ManagedSet& set, const PlannedSet& planned) {
  return !set.is_time() && 2 * count_of(planned, core::ActionKind::Create) < set.policy.premake;
}

// Since the last run only that can be overdue which it should have done itself.
std::int64_t reference_time(const ManagedSet& set, const CheckFacts& facts, std::int64_t now_utc) {
  const std::optional<std::int64_t> since = facts.last_run ? facts.last_run : facts.registered_at;
  return facts.automatic && since && now_utc - *since <= tolerated_age(set) ? std::min(*since, now_utc) : now_utc;
}

PlannedSet plan_at(const Extension& extension, const ManagedSet& set, std::int64_t when_utc) {
  return plan_set(extension, set, core::Retirement::DetachThenDrop, when_utc);
}

void compare_with_plan(const Extension& extension, const ManagedSet& set, std::int64_t as_of, std::int64_t now_utc,
                       Partitions& report) {
  const PlannedSet now = plan_at(extension, set, now_utc);
  for (const core::Refusal& refusal : now.refusals) report.held_back(refusal);
  if (now.actions.empty()) return;
  const bool covered = covers_now(set, now_utc) || count_of(now, core::ActionKind::Create) == 0;
  if (!covered) report.not_covered();
  const std::optional<PlannedSet> then = as_of < now_utc ? std::optional(plan_at(extension, set, as_of)) : std::nullopt;
  const bool creations_count = covered && !half_is_there(set, now);
  for (const PlannedAction& planned : now.actions) {
    const core::Action& action = planned.action;
    const bool creation = action.kind == core::ActionKind::Create;
    if (creation && (!creations_count || lies_in_a_gap(set, action, now_utc))) continue;
    // What the last run was not allowed to take is not overdue.
    if (then && set.policy.max_retirements && is_retirement(action)) continue;
    if (!then || contains(*then, action)) report.planned(action);
  }
}

void look_into_default(const ManagedSet& set, bool moving, std::int64_t now_utc, Partitions& report) {
  if (!default_may_hold_rows(set)) return;
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  const core::Bound limit = far_limit(set, now_utc);
  if (has_other_rows(set, limit)) report.rows_in_default(moving);
  if (const std::optional<std::string> far = newest_far_key(set, limit)) report.far_rows(*far);
}

bool can_be_planned(const ManagedSet& set, const CheckFacts& facts) {
  return facts.template_exists && facts.retention_schema_exists && facts.missing_columns.empty() &&
         !set.config.undo_in_progress && !set.config.async_in_progress;
}

}  // namespace

void check_partitions_of(const Extension& extension, const ManagedSet& set, const CheckFacts& facts,
                         std::int64_t now_utc, std::vector<Finding>& found) {
  Partitions report(extension, set, found);
  report.statistics();
  const bool is_far = report.bounds(now_utc) == Reach::BeyondPremake;
  if (!is_far && can_be_planned(set, facts))
    guarded_look(report,
                 [&] { compare_with_plan(extension, set, reference_time(set, facts, now_utc), now_utc, report); });
  guarded_look(report, [&] { look_into_default(set, facts.is_moving, now_utc, report); });
}

// --- all sets --------------------------------------------------------------------------------------------------------

namespace {

std::vector<LoadedSet> sets_to_check(const Extension& extension, const std::optional<std::string>& parent) {
  std::vector<LoadedSet> sets = load_sets(extension, parent ? Selection::Named : Selection::All, parent.value_or(""));
  if (parent && sets.empty()) (void)load_set(extension, *parent);
  if (parent && is_hidden(sets[0]))
    refuse(core::Code::InsufficientPrivilege, "permission denied for table " + *parent,
           "Membership in its owner, or SELECT that no row-level security restricts, is needed.");
  std::erase_if(sets, is_hidden);
  return sets;
}

std::map<Oid, std::vector<Finding>> properties_by_parent(const Extension& extension, std::span<const LoadedSet> sets) {
  std::map<Oid, std::vector<Finding>> all;
  for (PropertyFinding& one : check_properties(extension, sets)) all[one.parent].push_back(std::move(one.finding));
  return all;
}

bool has_code(const std::vector<Finding>& found, std::string_view code) {
  return std::ranges::any_of(found, [code](const Finding& one) { return one.code == code; });
}

void check_one(const Extension& extension, const LoadedSet& loaded, const CheckFacts& facts,
               std::vector<Finding>& found) {
  if (!loaded.set) {
    // A half detached partition is the reason, and stands in the list by its name.
    if (!has_code(found, "detach_pending")) found.push_back(refused(extension, loaded));
    return;
  }
  // Of a set that could be loaded it is our own, which the next run finishes.
  for (Finding& one : found)
    if (one.code == "detach_pending") one.severity = Severity::Warning;
  const std::int64_t now_utc = pg::transaction_start();
  check_configuration(extension, *loaded.set, facts, now_utc, found);
  check_partitions_of(extension, *loaded.set, facts, now_utc, found);
}

}  // namespace

const char* severity_name(Severity severity) noexcept {
  return kSeverities.at(static_cast<std::size_t>(severity));
}

Severity parse_severity(const std::string& name) {
  const auto found = std::ranges::find(kSeverities, std::string_view(name));
  if (found != kSeverities.end()) return static_cast<Severity>(found - kSeverities.begin());
  refuse(core::Code::InvalidParameterValue, "severity \"" + name + "\" is not known", "It is info, warning or error.");
}

std::vector<CheckLine> check_sets(const Extension& extension, const std::optional<std::string>& parent) {
  const pg::SettingsScope settings;
  const std::vector<LoadedSet> sets = sets_to_check(extension, parent);
  std::map<std::string, CheckFacts> facts = read_check_facts(extension);
  std::map<Oid, std::vector<Finding>> properties = properties_by_parent(extension, sets);
  std::vector<CheckLine> lines;
  for (const LoadedSet& loaded : sets) {
    pg::check_interrupts();
    std::vector<Finding> found;
    if (loaded.parent) found = std::move(properties[loaded.parent->oid]);
    check_one(extension, loaded, facts[loaded.config.parent_table], found);
    std::ranges::stable_sort(found, std::greater{}, &Finding::severity);
    for (Finding& one : found) lines.push_back({.parent_table = loaded.config.parent_table, .finding = std::move(one)});
  }
  return lines;
}

void assert_sets(const Extension& extension, const std::optional<std::string>& parent, Severity at_least) {
  std::vector<CheckLine> lines = check_sets(extension, parent);
  std::erase_if(lines, [at_least](const CheckLine& line) { return line.finding.severity < at_least; });
  if (lines.empty()) return;
  constexpr std::size_t kShown = 20;
  std::string text;
  for (std::size_t n = 0; n < std::min(kShown, lines.size()); ++n)
    text += (n == 0 ? "" : "\n") + lines[n].parent_table + ": " + lines[n].finding.code +
            (lines[n].finding.partition ? " (" + *lines[n].finding.partition + ")" : "") + ": " +
            lines[n].finding.detail;
  if (lines.size() > kShown) text += "\nand " + std::to_string(lines.size() - kShown) + " more";
  throw pg::Raise{
      .sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
      .message = std::to_string(lines.size()) + " findings of severity " + severity_name(at_least) +
                 " or worse about partition sets",
      .detail = text,
      .hint = "SELECT * FROM " + extension.object("check_partitions") + "() shows the SQL that clears them.",
      .schema = {},
      .table = {}};
}

}  // namespace strata::ops
