-- What people read. Names and columns are stable; new columns are added at the end.

-- ---------------------------------------------------------------- listening

CREATE VIEW results AS
SELECT c.site, c.machine_type, c.machine_id, c.recorded_at, r.model_version, r.score, r.log_odds, r.threshold,
       r.verdict, r.neighbour_distance, r.attempt AS attempts, r.queue_milliseconds, r.compute_milliseconds,
       c.key, c.name, c.job, c.accepted_at, r.scored_at, coalesce(r.flags, '{}') AS flags, r.worker
FROM result r JOIN clip c USING (job);
COMMENT ON VIEW results IS 'One row per clip and model version.';

CREATE VIEW dead_letters AS
SELECT c.site, c.machine_type, c.machine_id, c.recorded_at, c.key, c.name, c.job, c.accepted_at, d.died_at,
       d.code, d.reason, d.attempt AS attempts, d.worker
FROM dead_letter d JOIN clip c USING (job);
COMMENT ON VIEW dead_letters IS 'Clips that could not be scored, and why.';

CREATE VIEW machine_health AS
SELECT machine_type, machine_id, date_trunc('hour', recorded_at) AS hour,
       count(*) AS clips, count(*) FILTER (WHERE verdict = 'anomalous') AS anomalies,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY score) AS median_score, max(recorded_at) AS last_clip
FROM results GROUP BY machine_type, machine_id, date_trunc('hour', recorded_at);
COMMENT ON VIEW machine_health IS 'Each machine, hour by hour.';

CREATE VIEW champions AS
SELECT machine, version, promoted_at
FROM (SELECT DISTINCT ON (machine) * FROM promotion ORDER BY machine, promotion DESC) AS newest
WHERE version IS NOT NULL;
COMMENT ON VIEW champions IS 'The model version that scores each machine''s clips now.';

CREATE VIEW alarms AS
SELECT site, machine_type, machine_id, recorded_at, model_version, score, threshold, anomalous_of_last_five, name, job
FROM (
    SELECT r.*, count(*) FILTER (WHERE verdict = 'anomalous') OVER (
        PARTITION BY site, machine_type, machine_id ORDER BY recorded_at, job ROWS 4 PRECEDING
    ) AS anomalous_of_last_five
    FROM results r JOIN champions c
        ON c.machine = r.machine_type || '/' || r.machine_id AND c.version = r.model_version
) AS recent
WHERE verdict = 'anomalous' AND anomalous_of_last_five >= 3;
COMMENT ON VIEW alarms IS 'Anomalous clips of machines with at least three anomalous among their last five.';

-- ---------------------------------------------------------------- learning

CREATE VIEW model_versions AS
SELECT m.version, m.kind, m.dataset, m.run, m.machines, m.feature, m.metadata,
       encode(m.weights_hash, 'hex') AS weights_hash, encode(m.file_sha256, 'hex') AS file_sha256,
       octet_length(m.file) AS file_bytes, m.created_at,
       (SELECT count(*) FROM champions c WHERE c.version = m.version) AS champion_of
FROM model_version m;
COMMENT ON VIEW model_versions IS 'Every model; champion_of counts the machines whose clips it scores now.';

CREATE VIEW evaluation_scores AS
SELECT version AS model_version, dataset, machine_type, machine_id, path, is_anomaly, score, log_odds,
       neighbour_distance, verdict
FROM evaluation_score;
COMMENT ON VIEW evaluation_scores IS 'The score of every test clip: what the evaluations are computed from.';

CREATE VIEW evaluations AS
SELECT version AS model_version, dataset, machine_type, machine_id,
       area_under_curve(scores, anomalous) AS auc, area_under_curve(scores, anomalous, 0.1) AS pauc,
       auc_low, auc_high, pauc_low, pauc_high, normal, anomalous_count AS anomalous, evaluated_at
FROM (
    SELECT version, dataset, machine_type, machine_id, array_agg(score) AS scores, array_agg(is_anomaly) AS anomalous,
           count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS anomalous_count
    FROM evaluation_score GROUP BY version, dataset, machine_type, machine_id
) AS machine
JOIN evaluation_interval USING (version, dataset, machine_type, machine_id);
COMMENT ON VIEW evaluations IS
    'How well each model tells normal from anomalous, per machine; pauc up to 10 % false alarms; 95 % intervals.';

CREATE VIEW training_runs AS
SELECT r.run, r.kind, r.model, r.dataset, r.specification, r.state, r.progress, r.reason, r.model_version,
       encode(r.weights_hash, 'hex') AS weights_hash, r.clips_per_second, r.submitted_at, r.started_at, r.finished_at,
       (SELECT count(*) FROM training_step s WHERE s.run = r.run) AS steps
FROM run r;
COMMENT ON VIEW training_runs IS 'Trainings and evaluations, and what came of them.';

CREATE VIEW training_steps AS
SELECT run, step, loss, learning_rate, encode(weights_hash, 'hex') AS weights_hash, clips_per_second, at
FROM training_step;
COMMENT ON VIEW training_steps IS 'The loss curve of every run.';

-- ---------------------------------------------------------------- operating

CREATE VIEW workers AS
SELECT name, host, process, leased, credits, draining, finished, seen_at,
       now() - seen_at < interval '15 seconds' AS alive
FROM worker;
COMMENT ON VIEW workers IS 'The workers as the broker last saw them.';

CREATE VIEW queue_now AS
SELECT count(*) AS waiting,
       coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::double precision AS oldest_seconds,
       (SELECT count(*) FROM clip WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1)
            AND accepted_at > now() - interval '1 minute') AS accepted_last_minute,
       (SELECT count(*) FROM result WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1)
            AND scored_at > now() - interval '1 minute') AS scored_last_minute,
       (SELECT count(*) FROM dead_letter) AS dead,
       (SELECT count(*) FROM workers WHERE alive) AS workers,
       (SELECT count(*) FROM run WHERE state IN ('queued', 'running')) AS runs
FROM open_clip;
COMMENT ON VIEW queue_now IS 'The queue at this moment: clips without result or dead letter, and what moves them.';

-- ---------------------------------------------------------------- analysts

-- On a server where we may not create roles, its administrator creates auscult_analyst before the migration.
DO $$
BEGIN
    CREATE ROLE auscult_analyst NOLOGIN;
EXCEPTION WHEN duplicate_object OR insufficient_privilege THEN NULL;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT USAGE ON SCHEMA auscult TO auscult_analyst;
        GRANT SELECT ON results, dead_letters, machine_health, champions, alarms, model_versions, evaluation_scores,
            evaluations, training_runs, training_steps, workers, queue_now TO auscult_analyst;
    END IF;
END
$$;

DO $$
BEGIN
    ALTER ROLE auscult_analyst SET search_path = auscult, public;
    ALTER ROLE auscult_analyst SET statement_timeout = '5min';
EXCEPTION WHEN undefined_object OR insufficient_privilege THEN NULL;
END
$$;
