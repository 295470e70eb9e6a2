# pg_strata: the only build a user needs. `make && make install`; PG_CONFIG names another server.
EXTENSION = pg_strata
EXTVERSION = 0.1.0
MODULE_big = pg_strata
PG_CONFIG ?= pg_config

SOURCES = $(sort $(wildcard src/core/*.cpp src/pg/*.cpp src/ops/*.cpp src/entry/*.cpp))
OBJS = $(SOURCES:.cpp=.o)
DATA_built = pg_strata--$(EXTVERSION).sql
EXTRA_CLEAN = $(SOURCES:.cpp=.d) pg_strata--$(EXTVERSION).sql
SHLIB_EXPORTS = exports.txt

# PostgreSQL's headers come in as system headers: 15's use `register`, and warnings in them are not ours.
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=gnu++20 -Wno-register -MMD -MP -Wall -Wextra
# Developers: STRATA_WERROR=1 makes warnings errors, STRATA_TESTING=1 adds the wait points that tests park at.
ifdef STRATA_WERROR
PG_CXXFLAGS += -Werror -Wshadow=compatible-local # as PostgreSQL 18 asks for
endif
ifdef STRATA_TESTING
PG_CPPFLAGS += -DSTRATA_TESTING
PG_CXXFLAGS += -O1 # not shipped, so built faster
endif
ifdef STRATA_SANITIZE
PG_CXXFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer -O1 -Wno-maybe-uninitialized # guesses wrong then
endif

REGRESS = $(shell sed -n 's/^test://p' test/sql/schedule)
REGRESS_OPTS = --inputdir=test
ISOLATION = $(shell sed -n 's/^test://p' test/specs/schedule)
ISOLATION_OPTS = --inputdir=test --outputdir=.
TAP_TESTS ?= 1
PROVE_TESTS = test/t/*.pl

# Bitcode for JIT inlining buys nothing for exception-bearing C++, and its build ignores the C++ dialect.
override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
# The module is linked by the C++ compiler, as core's own C++ test module does.
override COMPILER = $(CXX) $(CXXFLAGS)

pg_strata--$(EXTVERSION).sql: $(sort $(wildcard sql/*.sql))
	cat $^ > $@

-include $(SOURCES:.cpp=.d)
