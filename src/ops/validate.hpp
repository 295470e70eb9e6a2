// What can be told of a configuration row from the row alone, when it is written (rulings 16).
//
// The trigger that asks may run as the bootstrap superuser, by a foreign key's cascade: so nothing here opens a table
// of anybody's or runs anybody's function. Texts are read by PostgreSQL's own interval and bigint input and judged by
// core.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// The columns judged, of part_config or (there without datetime_string) part_config_sub.
struct ConfigTexts {
  std::optional<std::string> parent_table;
  std::optional<std::string> partition_interval;
  std::optional<std::string> partition_type;
  std::optional<std::string> epoch;
  std::optional<std::string> retention;
  std::optional<std::string> datetime_string;
  std::optional<std::string> date_trunc_interval;
  std::optional<std::string> time_encoder;
  std::optional<std::string> time_decoder;
  friend bool operator==(const ConfigTexts&, const ConfigTexts&) = default;
};

// Raises 22023 (0A000 for a datetime_string that cannot be written) naming row and column. `prefix` stands before the
// column names: "" or "sub_". NULL passes: what must not be NULL the table says itself.
void validate_config(const ConfigTexts& row, const std::string& prefix);

// Refuses encoders and decoders that are no function of the kind (contract 10.4). Reads pg_proc and runs nothing.
void require_key_functions(const Extension& extension, const ConfigTexts& row, const std::string& prefix);

}  // namespace strata::ops
