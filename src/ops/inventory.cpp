// The partitions of a set as the catalogs hold them: read in one pass, decoded, in the order of their bounds.
#include "ops/set.hpp"

#include "pg/children.hpp"

namespace strata::ops {

namespace {

core::Refusal refusal(core::Code code, std::string message, std::string hint) {
  return {.code = code, .message = std::move(message), .detail = {}, .hint = std::move(hint)};
}

core::Bound to_bound(const pg::RawEnd& end) noexcept {
  if (end.kind < 0) return core::Bound::min();
  return end.kind > 0 ? core::Bound::max() : core::Bound::at(end.value);
}

void read_child(const pg::ChildRow& row, const std::string& schema, ReadChildren& read) {
  const pg::RawBound& raw = row.bound;
  const auto named = [&](const char* before, const char* after) { return before + schema + "." + row.name + after; };
  if (row.detach_pending && !read.refusal) {
    read.half_detached = row.oid;
    read.refusal = refusal(core::Code::NotInPrerequisiteState, named("partition \"", "\" is half detached"),
                           "Finish it with ALTER TABLE ... DETACH PARTITION ... FINALIZE.");
  }
  const bool unreadable = !raw.is_default && !raw.readable;
  if (unreadable || raw.list_values > 1) read.half_detached = InvalidOid;
  if (unreadable)
    read.refusal =
        refusal(core::Code::FeatureNotSupported, named("the bounds of partition \"", "\" are of a kind not supported"),
                "Partitions of a managed set have finite or infinite bounds on its one key column.");
  if (raw.list_values > 1)
    read.refusal =
        refusal(core::Code::NotInPrerequisiteState, named("partition \"", "\" holds a list of several values"),
                "Every partition of a LIST set must hold one value.");
  const bool is_range = raw.list_values == 0 && raw.lower.text.empty() && raw.upper.text.empty();
  read.children.push_back({.oid = row.oid,
                           .schema = schema,
                           .name = row.name,
                           .range = {.lower = to_bound(raw.lower), .upper = to_bound(raw.upper)},
                           .estimated_rows = row.tuples,
                           .bytes = 0});
  read.facts.push_back({.oid = row.oid,
                        .kind = row.kind,
                        .tablespace = row.tablespace,
                        .filenode = row.filenode,
                        .access_method = row.access_method,
                        .persistence = row.persistence,
                        .owner = row.owner,
                        .replica_identity = row.replica_identity,
                        .row_security = row.row_security,
                        .sets_autovacuum = row.sets_autovacuum,
                        .half_detached = row.detach_pending,
                        .bound = is_range ? nullptr : std::make_shared<pg::RawBound>(raw)});
}

}  // namespace

std::map<Oid, ReadChildren> read_children(std::span<const Oid> parents) {
  std::map<Oid, ReadChildren> result;
  std::map<Oid, std::string> schemas;
  const std::shared_ptr<const pg::ChildRows> rows = pg::read_child_rows(parents);
  for (const pg::ChildRow& row : *rows) {
    std::string& schema = schemas[row.schema];
    if (schema.empty()) schema = pg::schema_name(row.schema);
    read_child(row, schema, result[row.parent]);
  }
  return result;
}

namespace {

// The partition of one value counts as the range up to the next one.
core::Bound list_upper(const core::Calendar& calendar, const core::Step& step, const core::Bound& lower) {
  const std::optional<core::Tick> upper = calendar.advance(lower.tick, step, 1);
  return upper ? core::Bound::at(*upper) : core::Bound::max();
}

void cut_lists(std::vector<core::Child>& children) {
  for (std::size_t n = 0; n + 1 < children.size(); ++n)
    children[n].range.upper = std::min(children[n].range.upper, children[n + 1].range.lower);
}

pg::RawEnd raw_end(const core::Bound& bound) {
  return {.kind = static_cast<int>(bound.kind), .value = bound.tick, .text = {}};
}

}  // namespace

void take_children(ManagedSet& set, std::vector<core::Child> children, std::vector<ChildFacts> facts) {
  std::vector<std::size_t> order;
  order.reserve(children.size());
  for (std::size_t n = 0; n < children.size(); ++n) {
    if (children[n].oid == set.parent.default_oid) {
      set.inventory.default_partition = children[n];
      set.default_facts = facts[n];
    } else {
      order.push_back(n);
    }
  }
  const auto lower = [&](std::size_t n) -> const core::Bound& { return children[n].range.lower; };
  if (!std::ranges::is_sorted(order, {}, lower))
    std::ranges::sort(order, {}, lower);  // mostly made one after the other
  set.inventory.children.reserve(order.size());
  set.facts.reserve(order.size());
  for (const std::size_t n : order) {
    set.inventory.children.push_back(std::move(children[n]));
    set.facts.push_back(facts[n]);
  }
  if (set.is_list()) cut_lists(set.inventory.children);
}

void decode_children(const KeyCodec& codec, const core::Calendar& calendar, const core::Step& step, Oid default_oid,
                     std::vector<core::Child>& children, std::vector<ChildFacts>& facts) {
  if (codec.native() && std::ranges::none_of(facts, [](const ChildFacts& fact) { return fact.bound != nullptr; }))
    return;
  std::vector<pg::RawBound> bounds;
  std::vector<std::size_t> which;
  for (std::size_t n = 0; n < children.size(); ++n) {
    if (children[n].oid == default_oid) continue;
    which.push_back(n);
    bounds.push_back(facts[n].bound ? *facts[n].bound
                                    : pg::RawBound{.is_default = false,
                                                   .readable = true,
                                                   .list_values = 0,
                                                   .type = InvalidOid,
                                                   .lower = raw_end(children[n].range.lower),
                                                   .upper = raw_end(children[n].range.upper)});
  }
  const std::vector<core::Range> ranges = codec.decode(bounds);
  for (std::size_t n = 0; n < which.size(); ++n) {
    core::Range& range = children[which[n]].range;
    range = ranges[n];
    if (bounds[n].list_values > 0) range.upper = list_upper(calendar, step, range.lower);
  }
}

core::Range range_of(const ManagedSet& set, const pg::RawBound& bound) {
  core::Range range = set.codec.decode(std::span(&bound, 1)).front();
  if (bound.list_values == 0) return range;
  range.upper = list_upper(set.calendar(), set.policy.step, range.lower);
  // Up to the next partition, as in the inventory.
  for (const core::Child& child : set.inventory.children)
    if (range.lower < child.range.lower) range.upper = std::min(range.upper, child.range.lower);
  return range;
}

}  // namespace strata::ops
