-- Who may connect, and what was refused.

CREATE TABLE principal (
    public_key text COLLATE "C" PRIMARY KEY CHECK (length(public_key) = 40),
    role text NOT NULL CHECK (role IN ('broker', 'gateway', 'worker', 'coordinator', 'operator')),
    site text CHECK (site IS NULL OR role = 'gateway'),
    name text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
COMMENT ON TABLE principal IS 'The public keys that may connect to the broker; a revoked one stays, so that nobody uses it again.';
COMMENT ON COLUMN principal.site IS 'The only site whose clips a gateway may push; NULL for every site.';

CREATE TABLE refusal (
    code integer PRIMARY KEY,
    count bigint NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE refusal IS 'How often brokers refused something, by error number; written at most once a second.';

CREATE VIEW principals AS
SELECT name, role, site, public_key, allowed_at, revoked_at FROM principal;
COMMENT ON VIEW principals IS 'Who may connect to the broker.';

CREATE VIEW refusals AS
SELECT code, count, last_at FROM refusal;
COMMENT ON VIEW refusals IS 'What brokers have refused so far, by the error numbers of the protocol.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON principals, refusals TO auscult_analyst;
    END IF;
END
$$;
