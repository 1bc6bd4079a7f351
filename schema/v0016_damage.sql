-- What of the stored bytes is not what it was: found by the broker's slow scrub, by 'auscult db scrub', or in use.

CREATE TABLE damage (
    kind text NOT NULL CHECK (kind IN ('clip', 'content', 'model', 'checkpoint')),
    subject text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL,
    PRIMARY KEY (kind, subject)
);
COMMENT ON TABLE damage IS 'Stored bytes that are damaged or gone, until they are found sound again.';
COMMENT ON COLUMN damage.subject IS 'The job of a clip, the SHA-256 of content, the version of a model, run and step of a checkpoint.';

CREATE VIEW damaged AS
SELECT d.kind, d.subject, d.found_at, d.seen_at, d.reason, c.job, c.site, c.machine_type, c.machine_id, c.name
FROM damage d LEFT JOIN clip c ON c.job = CASE d.kind WHEN 'clip' THEN d.subject::bigint END;
COMMENT ON VIEW damaged IS 'Stored bytes that are damaged or gone; of clips, whose they are.';

-- The clips whose bytes somebody may still need, in order of job, beginning after `last`.
CREATE FUNCTION kept_clips(last bigint, at_most integer) RETURNS TABLE (
    job bigint, sha256 bytea, segment bigint, "position" bigint, length bigint, label text
) LANGUAGE sql STABLE AS $$
    SELECT c.job, c.sha256, c.segment, c.position, c.length,
        c.site || ' ' || c.machine_type || '/' || c.machine_id || ' ' || c.name
    FROM auscult.clip c, auscult.retention
    WHERE c.job > last
        AND (bytes_days IS NULL OR c.accepted_at >= now() - make_interval(days => bytes_days)
            OR coalesce(
                (SELECT true FROM auscult.result r WHERE r.job = c.job LIMIT 1),
                (SELECT true FROM auscult.dismissal m WHERE m.job = c.job)) IS NULL)
    ORDER BY c.job LIMIT at_most
$$;
REVOKE ALL ON FUNCTION kept_clips(bigint, integer) FROM PUBLIC;

-- Models and checkpoints, which lie in rows, that do not have their hash any more.
CREATE VIEW damaged_rows AS
SELECT 'model' AS kind, version AS subject, 'the file of the model is not the one that was stored' AS reason
FROM model_version WHERE sha256(file) <> file_sha256
UNION ALL
SELECT 'checkpoint', 'run ' || run || ' step ' || step, 'the state is not the one that was stored'
FROM run_checkpoint WHERE sha256(state) <> sha256;
COMMENT ON VIEW damaged_rows IS 'Models and checkpoints that do not have their hash any more; reads all of them.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_operator') THEN
        GRANT SELECT ON damaged TO auscult_operator;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON damaged TO auscult_analyst;
    END IF;
END
$$;
