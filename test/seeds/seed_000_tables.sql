-- V0_9_1 as PR #951 has it: two event tables, partitioned by day, each with a default partition.
CREATE TABLE security_event (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    description text,
    detail jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_security_event_tenant ON security_event (tenant_id, created_at);
CREATE TABLE security_event_default PARTITION OF security_event DEFAULT;

CREATE TABLE security_event_hook_results (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    security_event_hook text NOT NULL,
    status text NOT NULL,
    contents jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_hook_results_tenant ON security_event_hook_results (tenant_id, created_at);
CREATE TABLE security_event_hook_results_default PARTITION OF security_event_hook_results DEFAULT;
