/*
 * Helpers that need no set. Expressions name pg_catalog wherever the types of
 * the operands are not exactly those of a built-in operator: an operator
 * planted in the extension's schema could win there.
 */

CREATE FUNCTION @extschema@.check_name_length(
    p_object_name text,
    p_suffix text DEFAULT NULL,
    p_table_partition boolean DEFAULT false)
RETURNS text AS 'MODULE_PATHNAME', 'strata_check_name_length' LANGUAGE C IMMUTABLE;

COMMENT ON FUNCTION @extschema@.check_name_length(text, text, boolean) IS
    'Joins a name and a suffix (_p + suffix for a partition), cutting whole characters off the name so that both fit the server''s limit for names in bytes.';

CREATE FUNCTION @extschema@.partman_safe_obj_name(p_object_name text)
RETURNS text LANGUAGE sql VOLATILE
-- format('%I') raises 22004 for NULL, which quote_ident would pass through
RETURN CASE WHEN pg_catalog.strpos(p_object_name, '.') OPERATOR(pg_catalog.>) 0
    THEN pg_catalog.format('%I.%I', pg_catalog.split_part(p_object_name, '.', 1),
                           pg_catalog.split_part(p_object_name, '.', 2))
    ELSE pg_catalog.format('%I', p_object_name)
END;

COMMENT ON FUNCTION @extschema@.partman_safe_obj_name(text) IS
    'Quotes a raw name, or the first two parts of a raw schema.name, as SQL identifiers; NULL is an error (22004).';

-- Values outside 12 hex digits (before 1970, after 10889) make the text too
-- long for a uuid: an error (22P02) rather than a bound that sorts wrongly.
CREATE FUNCTION @extschema@.uuid7_time_encoder(ts timestamptz)
RETURNS uuid LANGUAGE sql VOLATILE
RETURN (
    SELECT pg_catalog.concat(
               pg_catalog.left(padded.hex, -4), '-', pg_catalog.right(padded.hex, 4),
               '-0000-0000-000000000000')::pg_catalog.uuid
    FROM (SELECT pg_catalog.repeat('0', 12 OPERATOR(pg_catalog.-) pg_catalog.length(raw.hex))
                 OPERATOR(pg_catalog.||) raw.hex AS hex
          FROM (SELECT pg_catalog.to_hex(
                           pg_catalog.round(EXTRACT(epoch FROM ts) OPERATOR(pg_catalog.*) 1000.0)::bigint
                       ) AS hex) AS raw) AS padded
    WHERE ts IS NOT NULL
);

COMMENT ON FUNCTION @extschema@.uuid7_time_encoder(timestamptz) IS
    'Gives the lower bound of the version 7 UUIDs of an instant: its milliseconds since 1970 in the first 48 bits, zeros after them.';

-- Days and seconds are added apart, in UTC: exact to the millisecond in every year.
CREATE FUNCTION @extschema@.uuid7_time_decoder(uuidv7 text)
RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (
    SELECT pg_catalog.timezone('UTC',
               '1970-01-01 00:00:00'::timestamp OPERATOR(pg_catalog.+) pg_catalog.make_interval(
                   days => (stamp.ms OPERATOR(pg_catalog./) 86400000::bigint)::integer,
                   secs => (stamp.ms OPERATOR(pg_catalog.%) 86400000::bigint)::double precision
                           OPERATOR(pg_catalog./) 1000::double precision))
    FROM (SELECT pg_catalog.concat('x', pg_catalog.substr(uuidv7, 1, 8), pg_catalog.substr(uuidv7, 10, 4)
                 )::bit(48)::bigint AS ms) AS stamp
    WHERE uuidv7 IS NOT NULL
);

COMMENT ON FUNCTION @extschema@.uuid7_time_decoder(text) IS
    'Gives the instant in the first 48 bits of a version 7 UUID written as text, to the millisecond.';

