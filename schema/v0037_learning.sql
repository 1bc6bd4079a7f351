-- Machines without a model, whose first clips teach the ear what is normal.

CREATE TABLE learned_clip (
    sha256 bytea PRIMARY KEY,
    job bigint NOT NULL
);
COMMENT ON TABLE learned_clip IS 'Clips of the queue that machines were learned from: content that lies among the clips.';

CREATE VIEW machines_learning AS
SELECT machine_type, machine_id, count(*) AS clips, min(accepted_at) AS since, max(accepted_at) AS last_clip
FROM open_clip o
WHERE NOT EXISTS (SELECT FROM champions c WHERE c.machine = o.machine_type || '/' || o.machine_id)
GROUP BY machine_type, machine_id;
COMMENT ON VIEW machines_learning IS 'Machines without a model, and their clips that wait until the ear knows them.';

-- Has the ear learn machines of which enough clips wait: as many as wanted, or the fewest where no more come. A machine
-- that could not be learned is tried again with twice the clips.
CREATE FUNCTION begin_learning(wanted integer, fewest integer, patience interval) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    learner record;
    gathering text;
BEGIN
    FOR learner IN
        SELECT m.machine_type, m.machine_id, m.machine_type || '/' || m.machine_id AS machine
        FROM auscult.machines_learning m
        WHERE (m.clips >= wanted OR m.clips >= fewest AND m.last_clip < now() - patience)
          AND EXISTS (
              SELECT FROM auscult.champions c JOIN auscult.model_version v USING (version) WHERE v.kind = 'ear')
          AND NOT EXISTS (
              SELECT FROM auscult.run r
              WHERE r.specification->>'enrols' = m.machine_type || '/' || m.machine_id
                AND (r.state IN ('queued', 'running', 'paused')
                    OR 2 * (SELECT count(*) FROM auscult.dataset_clip d WHERE d.dataset = r.dataset) > m.clips))
    LOOP
        SELECT format('learned-%s-%s-%s', learner.machine_type, learner.machine_id, count(*) + 1) INTO gathering
        FROM auscult.dataset
        WHERE starts_with(name, format('learned-%s-%s-', learner.machine_type, learner.machine_id));
        INSERT INTO auscult.dataset (name, base, feature)
        SELECT gathering, gathering, o.feature FROM auscult.open_clip o
        WHERE o.machine_type = learner.machine_type AND o.machine_id = learner.machine_id ORDER BY o.job LIMIT 1;
        WITH gathered AS (
            SELECT o.* FROM auscult.open_clip o JOIN auscult.dataset d
                ON d.name = gathering AND d.feature IS NOT DISTINCT FROM o.feature
            WHERE o.machine_type = learner.machine_type AND o.machine_id = learner.machine_id
            ORDER BY o.recorded_at, o.job LIMIT 10 * wanted
        ), teaching AS (
            INSERT INTO auscult.learned_clip (sha256, job)
            SELECT DISTINCT ON (sha256) sha256, job FROM gathered ORDER BY sha256, job
            ON CONFLICT (sha256) DO UPDATE SET job = excluded.job
        )
        INSERT INTO auscult.dataset_clip (dataset, path, machine_type, machine_id, split, is_anomaly, sha256, format,
            channel)
        SELECT gathering, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || ' ' || job,
            machine_type, machine_id, 'train', false, sha256, format, channel
        FROM gathered;
        INSERT INTO auscult.run (kind, model, dataset, specification)
        VALUES ('train', 'ear', gathering, jsonb_build_object('enrols', learner.machine));
        RETURN NEXT learner.machine;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION begin_learning FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON machines_learning TO auscult_analyst;
    END IF;
END
$$;
