// choose_name: what to do when the wanted name of a new partition is taken.
#include <algorithm>

#include "core/plan.hpp"

namespace strata::core {

namespace {

const TakenName* find_taken(const std::vector<TakenName>& taken, const std::string& name) {
  const auto found = std::ranges::find(taken, name, &TakenName::name);
  return found == taken.end() ? nullptr : &*found;
}

// Two sets, cut names or a repeated hour want the same name rightfully. Anything else of that name is in the way.
bool rightful(const NameChoice& choice, const NameHolder& holder) {
  if (choice.clipped || holder.kind == NameHolder::Kind::OtherSet) return true;
  return holder.kind == NameHolder::Kind::SameSet && holder.contract_name == choice.contract;
}

Refusal refuse_taken(const std::string& name, const NameHolder& holder) {
  const bool own = holder.kind == NameHolder::Kind::SameSet;
  return {.code = Code::DuplicateTable,
          .message = "relation \"" + name + "\" already exists",
          .detail = own ? "It is a partition of this set, but its bounds are not those its name stands for."
                        : "It is not the partition that is wanted under this name.",
          .hint = "Rename or drop it, or attach it as the partition it is meant to be.",
          .table = name};
}

}  // namespace

Result<std::string> choose_name(const NameChoice& choice, const std::vector<TakenName>& taken) {
  const TakenName* contract = find_taken(taken, choice.contract);
  if (contract == nullptr) return choice.contract;
  if (!rightful(choice, contract->holder)) return refuse_taken(choice.contract, contract->holder);
  const TakenName* fallback = find_taken(taken, choice.fallback);
  if (fallback == nullptr) return choice.fallback;
  return refuse_taken(choice.fallback, fallback->holder);
}

}  // namespace strata::core
