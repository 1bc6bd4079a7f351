-- What Auscult knows. Tables are written by the broker and the coordinator; people read the views at the end.
--
-- Clips and their outcomes are append-only and partitioned by job number, which grows with acceptance: a partition is
-- finished as a whole and dropped as a whole. No row of them is ever updated; the state of a job is a question of
-- which rows exist.

-- ---------------------------------------------------------------- who may write

CREATE TABLE broker_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL,
    holder text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE broker_epoch IS 'The broker that may write: every broker transaction locks the row of its own epoch.';
INSERT INTO broker_epoch (epoch, holder) VALUES (0, 'nobody');

CREATE TABLE coordinator_fence (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fence bigint NOT NULL,
    holder text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE coordinator_fence IS 'The coordinator that may write: every run''s commit requires its fence.';
INSERT INTO coordinator_fence (fence, holder) VALUES (0, 'nobody');

-- ---------------------------------------------------------------- clips and what became of them

CREATE SEQUENCE job_number;

CREATE TABLE clip_key (
    site text NOT NULL,
    key text NOT NULL,
    job bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (site, key)
);
COMMENT ON TABLE clip_key IS 'Idempotency keys: the same key of a site is the same job.';

CREATE TABLE clip (
    job bigint PRIMARY KEY,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    site text NOT NULL,
    key text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL CHECK (format IN ('audio', 'logMel')),
    name text NOT NULL,
    channel integer NOT NULL,
    feature jsonb,
    priority text NOT NULL DEFAULT 'normal',
    segment bigint NOT NULL,
    position bigint NOT NULL,
    length bigint NOT NULL
) PARTITION BY RANGE (job);
COMMENT ON TABLE clip IS 'Accepted clips; (segment, position, length) is where the broker''s disk holds the bytes.';

CREATE TABLE result (
    job bigint NOT NULL,
    model_version text NOT NULL,
    scored_at timestamptz NOT NULL DEFAULT now(),
    attempt integer NOT NULL,
    worker text NOT NULL,
    score double precision NOT NULL,
    log_odds double precision,
    threshold double precision,
    verdict text NOT NULL,
    neighbour_distance double precision,
    flags text[] NOT NULL,
    queue_milliseconds double precision NOT NULL,
    compute_milliseconds double precision NOT NULL,
    PRIMARY KEY (job, model_version)
) PARTITION BY RANGE (job);

CREATE TABLE dead_letter (
    job bigint PRIMARY KEY,
    died_at timestamptz NOT NULL DEFAULT now(),
    attempt integer NOT NULL,
    worker text NOT NULL,
    code integer NOT NULL,
    reason text NOT NULL
) PARTITION BY RANGE (job);

CREATE TABLE attempt (
    job bigint NOT NULL,
    attempt integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    worker text NOT NULL,
    code integer NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (job, attempt)
) PARTITION BY RANGE (job);
COMMENT ON TABLE attempt IS 'Tries that failed; a job that went well the first time has no row here.';

-- Creates the partitions that the next million jobs and more will need. The broker calls it when it starts and then
-- every minute.
CREATE FUNCTION ensure_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    size CONSTANT bigint := 1000000;
    first bigint;
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('auscult.ensure_partitions'));
    FOR block IN 0..1 LOOP
        first := ((SELECT last_value FROM auscult.job_number) / size + block) * size;
        FOREACH parent IN ARRAY ARRAY['clip', 'result', 'dead_letter', 'attempt'] LOOP
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS auscult.%I PARTITION OF auscult.%I FOR VALUES FROM (%s) TO (%s)',
                parent || '_' || first / size, parent, first, first + size);
        END LOOP;
    END LOOP;
END
$$;
SELECT ensure_partitions();

CREATE TABLE content (
    sha256 bytea PRIMARY KEY,
    segment bigint NOT NULL,
    position bigint NOT NULL,
    length bigint NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE content IS 'Bytes kept by hash on the broker''s disk: the clips of datasets.';

CREATE TABLE worker (
    name text PRIMARY KEY,
    host text NOT NULL,
    process bigint NOT NULL,
    leased integer NOT NULL,
    credits integer NOT NULL,
    draining boolean NOT NULL,
    finished bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE fleet (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    workers integer NOT NULL CHECK (workers BETWEEN 0 AND 4096)
);
COMMENT ON TABLE fleet IS 'How many workers the operator wants; no row while nobody has asked to scale.';

-- ---------------------------------------------------------------- datasets, models, runs

CREATE TABLE dataset (
    name text PRIMARY KEY,
    feature jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE dataset_clip (
    dataset text NOT NULL REFERENCES dataset,
    path text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    split text NOT NULL CHECK (split IN ('train', 'test')),
    label text NOT NULL CHECK (label IN ('normal', 'anomalous')),
    sha256 bytea NOT NULL,
    format text NOT NULL CHECK (format IN ('audio', 'logMel')),
    channel integer NOT NULL,
    PRIMARY KEY (dataset, path)
);
COMMENT ON COLUMN dataset_clip.path IS 'Below the imported folder, for people; the bytes are found by their hash.';

CREATE SEQUENCE model_number;

CREATE TABLE run (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('train', 'evaluate')),
    dataset text NOT NULL REFERENCES dataset,
    specification jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    cancel_requested boolean NOT NULL DEFAULT false,
    progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    error text,
    model_version text,
    weights_hash bytea,
    steps integer NOT NULL DEFAULT 0,
    clips_per_second double precision
);
COMMENT ON COLUMN run.model_version IS 'The version a training produced, or an evaluation listened with.';

CREATE TABLE training_step (
    run bigint NOT NULL REFERENCES run,
    step integer NOT NULL,
    loss double precision,
    learning_rate double precision,
    weights_hash bytea,
    clips_per_second double precision,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, step)
);

CREATE TABLE run_shard (
    run bigint NOT NULL REFERENCES run,
    step integer NOT NULL,
    phase integer NOT NULL,
    shard integer NOT NULL,
    sha256 bytea NOT NULL,
    worker text NOT NULL,
    compute_milliseconds double precision NOT NULL,
    PRIMARY KEY (run, step, phase, shard)
);
COMMENT ON TABLE run_shard IS 'Every shard that counted, once: the hash of its output and who computed it.';

CREATE TABLE model_version (
    version text PRIMARY KEY,
    kind text NOT NULL,
    dataset text,
    run bigint REFERENCES run,
    machines text[] NOT NULL,
    feature jsonb NOT NULL,
    weights_hash bytea NOT NULL,
    file_sha256 bytea NOT NULL,
    file bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE model_version ALTER COLUMN file SET STORAGE EXTERNAL;
CREATE INDEX ON model_version (file_sha256);
COMMENT ON COLUMN model_version.machines IS 'TYPE/ID of every machine the model can score.';

CREATE TABLE promotion (
    promotion bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text NOT NULL,
    version text NOT NULL REFERENCES model_version,
    promoted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON promotion (machine, promotion DESC);
COMMENT ON TABLE promotion IS 'Who was made champion for which machine (TYPE/ID), and when; the newest row counts.';

CREATE TABLE evaluation_score (
    version text NOT NULL REFERENCES model_version,
    dataset text NOT NULL REFERENCES dataset,
    path text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    is_anomaly boolean NOT NULL,
    score double precision NOT NULL,
    log_odds double precision,
    neighbour_distance double precision,
    verdict text NOT NULL,
    PRIMARY KEY (version, dataset, path)
);

CREATE TABLE evaluation_interval (
    version text NOT NULL REFERENCES model_version,
    dataset text NOT NULL REFERENCES dataset,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    auc_low double precision,
    auc_high double precision,
    evaluated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, dataset, machine_type, machine_id)
);
COMMENT ON TABLE evaluation_interval IS '95 % bootstrap intervals; the values themselves are computed from the scores.';

-- ---------------------------------------------------------------- AUC and partial AUC

-- Area under the ROC curve up to a false-alarm rate, equal scores grouped, the curve cut by interpolation;
-- standardised after McClish when cut. NULL unless there are normal and anomalous clips. The cost is that of a sort.
CREATE FUNCTION area_under_curve(scores double precision[], anomalous boolean[], max_fpr double precision DEFAULT 1)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH pair AS (
        SELECT * FROM unnest(scores, anomalous) AS pair (score, is_anomaly)
        WHERE score IS NOT NULL AND is_anomaly IS NOT NULL
    ), tied AS (
        SELECT score, count(*) FILTER (WHERE NOT is_anomaly) AS normal, count(*) FILTER (WHERE is_anomaly) AS anomalous
        FROM pair GROUP BY score
    ), corner AS (
        SELECT score, sum(normal) OVER higher / nullif(sum(normal) OVER (), 0)::double precision AS false_rate,
               sum(anomalous) OVER higher / nullif(sum(anomalous) OVER (), 0)::double precision AS true_rate
        FROM tied WINDOW higher AS (ORDER BY score DESC)
    ), step AS (
        SELECT lag(false_rate, 1, 0) OVER higher AS x0, lag(true_rate, 1, 0) OVER higher AS y0,
               false_rate AS x1, true_rate AS y1
        FROM corner WHERE false_rate IS NOT NULL AND true_rate IS NOT NULL
        WINDOW higher AS (ORDER BY score DESC)
    ), area AS (
        SELECT sum(CASE
            WHEN x1 <= max_fpr THEN (x1 - x0) * (y0 + y1) / 2
            ELSE (max_fpr - x0) * (2 * y0 + (y1 - y0) * (max_fpr - x0) / (x1 - x0)) / 2
        END) AS area
        FROM step WHERE x0 < max_fpr
    )
    SELECT CASE WHEN max_fpr = 1 THEN area
                ELSE 0.5 * (1 + (area - max_fpr ^ 2 / 2) / (max_fpr - max_fpr ^ 2 / 2)) END
    FROM area
$$;
COMMENT ON FUNCTION area_under_curve(double precision[], boolean[], double precision) IS
    'AUC, or pAUC when max_fpr is below 1, of array_agg(score) and array_agg(is_anomaly).';

-- The aggregates keep (score, label) pairs. PostgreSQL copies such a state row by row: comfortable up to some ten
-- thousand clips a group; for more, call area_under_curve(array_agg(score), array_agg(is_anomaly)).
CREATE FUNCTION pauc_add(
    curve double precision[], score double precision, is_anomaly boolean, max_fpr double precision)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF max_fpr IS NULL OR max_fpr <= 0 OR max_fpr > 1 THEN
        RAISE EXCEPTION 'max_fpr must lie in (0, 1], not %', max_fpr;
    END IF;
    IF score IS NULL OR is_anomaly IS NULL THEN RETURN curve; END IF;
    IF curve IS NULL THEN RETURN ARRAY[max_fpr, score, is_anomaly::integer]; END IF;
    RETURN curve || ARRAY[score, is_anomaly::integer];
END
$$;

CREATE FUNCTION auc_add(curve double precision[], score double precision, is_anomaly boolean)
RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF score IS NULL OR is_anomaly IS NULL THEN RETURN curve; END IF;
    IF curve IS NULL THEN RETURN ARRAY[1, score, is_anomaly::integer]; END IF;
    RETURN curve || ARRAY[score, is_anomaly::integer];
END
$$;

CREATE FUNCTION curve_area(curve double precision[])
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT auscult.area_under_curve(array_agg(curve[i]), array_agg(curve[i + 1] = 1), curve[1])
    FROM generate_series(2, cardinality(curve), 2) AS i
$$;

CREATE AGGREGATE auc(score double precision, is_anomaly boolean) (
    SFUNC = auc_add, STYPE = double precision[], FINALFUNC = curve_area
);
COMMENT ON AGGREGATE auc(double precision, boolean) IS
    'Area under the ROC curve, equal scores grouped; NULL unless there are normal and anomalous clips.';

CREATE AGGREGATE pauc(score double precision, is_anomaly boolean, max_fpr double precision) (
    SFUNC = pauc_add, STYPE = double precision[], FINALFUNC = curve_area
);
COMMENT ON AGGREGATE pauc(double precision, boolean, double precision) IS
    'Partial AUC up to a false-alarm rate, standardised after McClish: 0.5 is chance, 1 is perfect.';

-- ---------------------------------------------------------------- what people read

CREATE VIEW results AS
SELECT c.job, c.site, c.machine_type, c.machine_id, c.recorded_at, c.accepted_at, r.scored_at, c.key, c.name,
       r.model_version, r.score, r.log_odds, r.threshold, r.verdict, r.neighbour_distance, r.flags,
       r.attempt AS attempts, r.worker, r.queue_milliseconds, r.compute_milliseconds
FROM result r JOIN clip c USING (job);
COMMENT ON VIEW results IS 'One row per clip and model version.';

CREATE VIEW dead_letters AS
SELECT c.job, c.site, c.machine_type, c.machine_id, c.recorded_at, c.accepted_at, d.died_at, c.key, c.name,
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
SELECT DISTINCT ON (machine) machine, version, promoted_at FROM promotion ORDER BY machine, promotion DESC;
COMMENT ON VIEW champions IS 'The model version that scores each machine''s clips now.';

CREATE VIEW alarms AS
SELECT job, site, machine_type, machine_id, recorded_at, model_version, score, threshold, anomalous_of_last_five, name
FROM (
    SELECT r.*, count(*) FILTER (WHERE verdict = 'anomalous') OVER (
        PARTITION BY site, machine_type, machine_id ORDER BY recorded_at, job ROWS 4 PRECEDING
    ) AS anomalous_of_last_five
    FROM results r JOIN champions c
        ON c.machine = r.machine_type || '/' || r.machine_id AND c.version = r.model_version
) AS recent
WHERE verdict = 'anomalous' AND anomalous_of_last_five >= 3;
COMMENT ON VIEW alarms IS 'Anomalous clips of machines with at least three anomalous among their last five.';

CREATE VIEW model_versions AS
SELECT m.version, m.kind, m.dataset, m.run, m.machines, m.feature, encode(m.weights_hash, 'hex') AS weights_hash,
       encode(m.file_sha256, 'hex') AS file_sha256, octet_length(m.file) AS file_bytes, m.created_at,
       (SELECT count(*) FROM champions c WHERE c.version = m.version) AS champion_of
FROM model_version m;
COMMENT ON VIEW model_versions IS 'Every model; champion_of counts the machines whose clips it scores now.';

CREATE VIEW evaluations AS
SELECT s.version AS model_version, s.dataset, s.machine_type, s.machine_id,
       area_under_curve(array_agg(s.score), array_agg(s.is_anomaly)) AS auc,
       area_under_curve(array_agg(s.score), array_agg(s.is_anomaly), 0.1) AS pauc, i.auc_low, i.auc_high,
       count(*) FILTER (WHERE NOT s.is_anomaly) AS normal, count(*) FILTER (WHERE s.is_anomaly) AS anomalous,
       i.evaluated_at
FROM evaluation_score s
LEFT JOIN evaluation_interval i USING (version, dataset, machine_type, machine_id)
GROUP BY s.version, s.dataset, s.machine_type, s.machine_id, i.auc_low, i.auc_high, i.evaluated_at;
COMMENT ON VIEW evaluations IS 'How well each model tells normal from anomalous, per machine; pauc up to 10 % false alarms.';

CREATE VIEW training_runs AS
SELECT run, kind, dataset, specification, state, progress, steps, clips_per_second, submitted_at, started_at,
       finished_at, error, model_version, encode(weights_hash, 'hex') AS weights_hash
FROM run;

CREATE VIEW training_steps AS
SELECT run, step, loss, learning_rate, encode(weights_hash, 'hex') AS weights_hash, clips_per_second, at
FROM training_step;

CREATE VIEW workers AS
SELECT name, host, process, leased, credits, draining, finished, seen_at, now() - seen_at < interval '15 seconds' AS alive
FROM worker;

CREATE VIEW queue_now AS
SELECT count(*) AS waiting,
       coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::double precision AS oldest_seconds,
       (SELECT count(*) FROM clip WHERE accepted_at > now() - interval '1 minute') AS accepted_last_minute,
       (SELECT count(*) FROM result WHERE scored_at > now() - interval '1 minute') AS scored_last_minute,
       (SELECT count(*) FROM dead_letter) AS dead,
       (SELECT count(*) FROM workers WHERE alive) AS workers,
       (SELECT count(*) FROM run WHERE state IN ('queued', 'running')) AS runs
FROM clip c
WHERE NOT EXISTS (SELECT FROM result r WHERE r.job = c.job)
  AND NOT EXISTS (SELECT FROM dead_letter d WHERE d.job = c.job);
COMMENT ON VIEW queue_now IS 'The queue at this moment: clips without result or dead letter, and what moves them.';

-- ---------------------------------------------------------------- analysts

-- On a server where we may not create roles, its administrator creates auscult_analyst and runs these grants.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        CREATE ROLE auscult_analyst NOLOGIN;
    END IF;
    GRANT USAGE ON SCHEMA auscult TO auscult_analyst;
    GRANT SELECT ON results, dead_letters, machine_health, champions, alarms, model_versions, evaluations,
        training_runs, training_steps, workers, queue_now TO auscult_analyst;
    ALTER ROLE auscult_analyst SET statement_timeout = '60s';
    ALTER ROLE auscult_analyst SET search_path = auscult, public;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the role auscult_analyst could not be set up: %', SQLERRM;
END
$$;
