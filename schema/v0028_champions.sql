-- Who was champion when, and who made it so; and the clips themselves, for analysts.

ALTER TABLE promotion ADD COLUMN promoted_by text NOT NULL DEFAULT session_user;
COMMENT ON COLUMN promotion.promoted_by IS 'The person, or the login of whoever gave no name.';

CREATE VIEW promotions AS
SELECT p.machine, p.version, before.version AS before, p.promoted_at, p.promoted_by
FROM promotion p LEFT JOIN LATERAL (
    SELECT b.version FROM promotion b
    WHERE b.machine = p.machine AND b.promotion < p.promotion ORDER BY b.promotion DESC LIMIT 1
) AS before ON true;
COMMENT ON VIEW promotions IS 'Every promotion and rollback, by machine.';

CREATE FUNCTION champion_at(machine text, at timestamptz DEFAULT now())
RETURNS TABLE (version text, promoted_at timestamptz, promoted_by text) LANGUAGE sql STABLE AS $$
    SELECT p.version, p.promoted_at, p.promoted_by FROM auscult.promotions p
    WHERE p.machine = $1 AND p.promoted_at <= at ORDER BY p.promoted_at DESC LIMIT 1
$$;
COMMENT ON FUNCTION champion_at IS
    'The model version that was champion for a machine (TYPE/ID) at a time, since when, and who promoted it; none: no row.';

CREATE VIEW clips AS
SELECT site, machine_type, machine_id, recorded_at, accepted_at, job, key, name, format, channel, length AS bytes,
       encode(sha256, 'hex') AS sha256
FROM clip;
COMMENT ON VIEW clips IS 'Accepted clips, whatever became of them.';

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format('GRANT SELECT ON promotions, clips TO %I', reader);
    END LOOP;
END
$$;
