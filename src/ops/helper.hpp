// Background workers that help an online move to load and to index its copies (pg/helpers.hpp): which work there is and
// how many may take part. They work as the owner of the set, as the session does.
#pragma once

#include "ops/set.hpp"
#include "pg/helpers.hpp"

namespace strata::ops {

enum class HelperTask : std::uint8_t { Load, Index };

// How many processes may share so many pieces: what the session may use for one piece of maintenance, none where the
// set limits the rate of its moves.
[[nodiscard]] int helpers_wanted(const ManagedSet& set, std::size_t pieces);
[[nodiscard]] pg::HelperTerms helper_terms(const ManagedSet& set, int lock_timeout_ms, int helpers);
// One of several processes at the same work: it starts no workers of its own, and takes its part of the memory. Inside
// an OwnerScope.
void keep_to_share(std::int64_t memory_kb);

// The same with the order of the task, ready to be handed on.
[[nodiscard]] pg::WorkerRequest helper_request() noexcept;
[[nodiscard]] std::string task_name(HelperTask task);

// The life of a helper.
void run_worker_helper();

}  // namespace strata::ops
