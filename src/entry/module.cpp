// What makes the shared library a PostgreSQL module.
#include "ops/settings.hpp"
#include "ops/worker.hpp"
#include "pg/postgres.hpp"

extern "C" {
PG_MODULE_MAGIC;

void _PG_init(void);
void _PG_init(void) {
  strata::ops::define_settings();
  strata::ops::register_worker();
}
}
