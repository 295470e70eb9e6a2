// Which partitions may have other properties than their parent asks for, found without looking at each of them by SQL:
// what their rows of pg_class say is in memory since the sets were loaded, and the other catalogs are read once, for
// what is out of the ordinary anywhere. A healthy set has none, whatever its size, and no further statement is planned
// for it.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

struct Template {
  Oid oid = InvalidOid;
  bool has_keys = false;  // unique indexes, which partitions take over
  bool has_options = false;
  char persistence = RELPERSISTENCE_PERMANENT;
};
using Templates = std::map<std::string, Template>;

[[nodiscard]] Templates find_templates(std::span<const LoadedSet> sets);
// That of one set; an empty one where there is none.
[[nodiscard]] Template template_of(const Templates& templates, const LoadedSet& loaded);

// What there is to be looked at.
enum class Aspect : std::uint8_t { Row, Newest, Index, Constraint, Trigger, Publication, Key };

struct Suspects {
  // Of all sets, in the same order.
  std::vector<Oid> parents;
  std::vector<Oid> templates;
  std::vector<Oid> inheriting;  // parents whose grants are inherited
  std::vector<Oid> newest;      // partitions, among which new rows arrive
  // What to look at.
  std::set<Aspect> aspects;
  std::set<Oid> partitions;
  std::set<Oid> whole;  // parents all of whose partitions are meant
};
[[nodiscard]] Suspects find_suspects(std::span<const LoadedSet> sets, const Templates& templates);

}  // namespace strata::ops
