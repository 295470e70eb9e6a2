/*
 * The install script. It runs with search_path = the extension's schema,
 * pg_temp, and as the bootstrap superuser when a plain role installs the
 * trusted extension. So every member is named with its schema, nothing uses
 * OR REPLACE or IF NOT EXISTS (either would adopt an object planted by
 * somebody else), and operators that run later are taken from pg_catalog.
 */

-- complain if the script is sourced in psql rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_strata" to load this file. \quit

