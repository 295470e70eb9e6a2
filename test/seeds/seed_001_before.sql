-- Seed 001 before its migration: one big table of position fixes, some days of them.
\ir checks.sql
CREATE TABLE fixes (
    id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    device_address text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    altitude_feet integer,
    raw jsonb,
    received_at timestamptz NOT NULL
);
CREATE INDEX fixes_device_received_idx ON fixes (device_address, received_at DESC);
CREATE INDEX fixes_received_idx ON fixes (received_at);
INSERT INTO fixes (device_address, latitude, longitude, altitude_feet, received_at)
SELECT to_hex(n % 97), 45 + n % 10, 5 + n % 20, n % 9000, current_date - 12 + (now() - (current_date - 12)) * (n / 9000.0) FROM generate_series(0, 9000) AS n;
