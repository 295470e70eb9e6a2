// The partitions of a set as the catalogs hold them: read in one query, decoded, in the order of their bounds.
#include "ops/set.hpp"

namespace strata::ops {

namespace {

core::Refusal refusal(core::Code code, std::string message, std::string hint) {
  return {.code = code, .message = std::move(message), .detail = {}, .hint = std::move(hint)};
}

constexpr const char* kChildrenQuery = R"sql(
SELECT i.inhparent, c.oid, n.nspname, c.relname, c.relkind, c.relpartbound::text, c.reltuples, c.reltablespace,
       c.relfilenode, c.relam, c.relpersistence, i.inhdetachpending
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = ANY ($1) AND c.relispartition)sql";

core::Bound to_bound(const pg::RawEnd& end) noexcept {
  if (end.kind < 0) return core::Bound::min();
  return end.kind > 0 ? core::Bound::max() : core::Bound::at(end.value);
}

void read_child(const pg::Rows& rows, std::size_t row, ReadChildren& read) {
  std::string copy;
  const pg::RawBound raw = pg::read_bound(rows.text_view(row, 5, copy));
  core::Child child{.oid = rows.oid(row, 1),
                    .schema = rows.text(row, 2),
                    .name = rows.text(row, 3),
                    .range = {},
                    .estimated_rows = rows.real(row, 6),
                    .bytes = 0};
  if (rows.boolean(row, 11))
    read.refusal = refusal(core::Code::NotInPrerequisiteState,
                           "partition \"" + child.schema + "." + child.name + "\" is half detached",
                           "Finish it with ALTER TABLE ... DETACH PARTITION ... FINALIZE.");
  if (!raw.is_default && !raw.readable)
    read.refusal =
        refusal(core::Code::FeatureNotSupported,
                "the bounds of partition \"" + child.schema + "." + child.name + "\" are of a kind not supported",
                "Partitions of a managed set have finite or infinite bounds on its one key column.");
  if (raw.list_values > 1)
    read.refusal = refusal(core::Code::NotInPrerequisiteState,
                           "partition \"" + child.schema + "." + child.name + "\" holds a list of several values",
                           "Every partition of a LIST set must hold one value.");
  child.range = {.lower = to_bound(raw.lower), .upper = to_bound(raw.upper)};
  const bool is_range = raw.list_values == 0 && raw.lower.text.empty() && raw.upper.text.empty();
  read.children.push_back(std::move(child));
  read.facts.push_back({.oid = rows.oid(row, 1),
                        .kind = rows.character(row, 4),
                        .tablespace = rows.oid(row, 7),
                        .filenode = rows.oid(row, 8),
                        .access_method = rows.oid(row, 9),
                        .persistence = rows.character(row, 10),
                        .bound = is_range ? nullptr : std::make_shared<pg::RawBound>(raw)});
}

}  // namespace

std::map<Oid, ReadChildren> read_children(std::span<const Oid> parents) {
  constexpr long kBatch = 256;  // the texts of the bounds are most of what is read, and are not kept
  std::map<Oid, ReadChildren> result;
  pg::Cursor cursor(kChildrenQuery, pg::Params().oids(parents));
  for (bool more = true; more;) {
    const pg::Rows rows = cursor.next(kBatch);
    for (std::size_t row = 0; row < rows.size(); ++row) read_child(rows, row, result[rows.oid(row, 0)]);
    more = !rows.empty();
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
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return children[a].range.lower < children[b].range.lower; });
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
