-- One table of facts for analysts: a result carries what is asked about it, so that no question joins it to its clip.
--
-- Results are filed by month of the job, so that a year is a dozen partitions to plan for. What happened in an hour is
-- summed up once the hour is over, for questions about weeks and years.

-- ---------------------------------------------------------------- results

CREATE TEMP TABLE former_result ON COMMIT DROP AS
SELECT r.*, c.site, c.machine_type, c.machine_id, c.recorded_at, c.accepted_at, c.key, c.name
FROM result r JOIN clip c USING (job);

DO $$
DECLARE
    child regclass;
BEGIN
    FOR child IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'auscult.result'::regclass LOOP
        EXECUTE format('DROP TABLE %s', child);
    END LOOP;
END
$$;

ALTER TABLE result
    ADD COLUMN recorded_at timestamptz NOT NULL,
    ADD COLUMN accepted_at timestamptz NOT NULL,
    ADD COLUMN site text NOT NULL,
    ADD COLUMN machine_type text NOT NULL,
    ADD COLUMN machine_id text NOT NULL,
    ADD COLUMN name text NOT NULL,
    ADD COLUMN key text NOT NULL,
    -- Later than the moment its transaction took the epoch, which `roll_up` relies on.
    ALTER COLUMN scored_at SET DEFAULT statement_timestamp();
COMMENT ON TABLE result IS
    'What a model said about a clip, and which clip that was: once per clip and model version, and never changed.';

DROP INDEX result_scored_at_idx;
CREATE INDEX result_scored_at ON result (scored_at);
CREATE INDEX result_machine ON result (machine_type, machine_id, recorded_at);
-- For all machines together: results lie nearly in the order in which their clips were recorded.
CREATE INDEX result_recorded_at ON result USING brin (recorded_at) WITH (autosummarize = on, pages_per_range = 16);
CREATE INDEX result_anomalous ON result (recorded_at) WHERE verdict = 'anomalous';

-- The partition that the results of a day's jobs are filed in. It is attached rather than created in place: that waits
-- for no reader, however long an analyst's transaction lasts.
CREATE FUNCTION make_result_month(of_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month CONSTANT date := date_trunc('month', of_day::timestamp)::date;
    child CONSTANT text := 'result' || to_char(month, '_YYYYMM');
BEGIN
    IF to_regclass('auscult.' || child) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE auscult.%I (LIKE auscult.result INCLUDING ALL)', child);
    EXECUTE format('ALTER TABLE auscult.result ATTACH PARTITION auscult.%I FOR VALUES FROM (%s) TO (%s)',
        child, auscult.first_job(month), auscult.first_job((month + interval '1 month')::date));
END
$$;

-- As before, results aside.
CREATE OR REPLACE FUNCTION make_partition(of_day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    child CONSTANT text := 'clip' || to_char(date '1970-01-01' + of_day, '_YYYYMMDD');
BEGIN
    PERFORM auscult.make_result_month(date '1970-01-01' + of_day);
    IF to_regclass('auscult.' || child) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE auscult.%I (LIKE auscult.clip INCLUDING ALL)', child);
    EXECUTE format('ALTER TABLE auscult.clip ATTACH PARTITION auscult.%I FOR VALUES FROM (%s) TO (%s)',
        child, of_day::bigint << 32, (of_day + 1)::bigint << 32);
END
$$;

SELECT make_result_month(day) FROM (
    SELECT DISTINCT date_trunc('month', date '1970-01-01' + (job >> 32)::integer)::date AS day FROM former_result
) AS month;
INSERT INTO result SELECT
    job, scored_at, score, log_odds, threshold, neighbour_distance, queue_milliseconds, compute_milliseconds, attempt,
    model_version, verdict, worker, flags, recorded_at, accepted_at, site, machine_type, machine_id, name, key
FROM former_result;

CREATE OR REPLACE VIEW results AS
SELECT r.site, r.machine_type, r.machine_id, r.recorded_at, r.model_version, r.score, r.log_odds, r.threshold,
       r.verdict, r.neighbour_distance, r.attempt AS attempts, r.queue_milliseconds, r.compute_milliseconds,
       r.key, r.name, r.job, r.accepted_at, r.scored_at, coalesce(r.flags, '{}') AS flags, r.worker
FROM result r;

-- For each anomalous clip the last five of its machine, by index; so a shift's alarms cost what the shift costs.
CREATE OR REPLACE VIEW alarms AS
SELECT r.site, r.machine_type, r.machine_id, r.recorded_at, r.model_version, r.score, r.threshold,
       recent.anomalous_of_last_five, r.name, r.job
FROM result r
JOIN champions c ON c.machine = r.machine_type || '/' || r.machine_id AND c.version = r.model_version
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE last.verdict = 'anomalous') AS anomalous_of_last_five
    FROM (
        SELECT p.verdict FROM result p
        WHERE p.machine_type = r.machine_type AND p.machine_id = r.machine_id AND p.site = r.site
            AND p.model_version = r.model_version
            AND p.recorded_at <= r.recorded_at AND (p.recorded_at, p.job) <= (r.recorded_at, r.job)
        ORDER BY p.recorded_at DESC, p.job DESC LIMIT 5
    ) AS last
) AS recent
WHERE r.verdict = 'anomalous' AND recent.anomalous_of_last_five >= 3;

-- ---------------------------------------------------------------- hours and days

CREATE TABLE machine_hour (
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    hour timestamptz NOT NULL,
    site text NOT NULL,
    model_version text NOT NULL,
    clips bigint NOT NULL,
    anomalies bigint NOT NULL,
    median_score double precision NOT NULL,
    score_quantiles double precision[] NOT NULL,
    last_clip timestamptz NOT NULL,
    last_scored_at timestamptz NOT NULL,
    leads boolean NOT NULL,
    PRIMARY KEY (machine_type, machine_id, hour, site, model_version)
);
CREATE INDEX machine_hour_hour ON machine_hour (hour);
COMMENT ON TABLE machine_hour IS 'What a model version said in an hour of a machine. Kept when the clips are gone.';
COMMENT ON COLUMN machine_hour.leads IS 'Of the versions of this hour the one with the most clips; of equal ones the latest.';

CREATE TABLE machine_day (LIKE machine_hour);
ALTER TABLE machine_day RENAME COLUMN hour TO day;
ALTER TABLE machine_day ALTER COLUMN day TYPE date USING (day AT TIME ZONE 'UTC')::date,
    ADD PRIMARY KEY (machine_type, machine_id, day, site, model_version);
CREATE INDEX machine_day_day ON machine_day (day);
COMMENT ON TABLE machine_day IS 'The same for a day of UTC.';

CREATE TABLE rollup (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    until timestamptz NOT NULL
);
COMMENT ON TABLE rollup IS 'Results scored before this are in machine_hour and machine_day.';
INSERT INTO rollup (until) SELECT coalesce(min(scored_at), date_trunc('hour', now(), 'UTC')) FROM result;

-- For indexes: the planner estimates with the value of a stable function, and knows nothing of a subquery's.
CREATE FUNCTION rolled_until() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
BEGIN
    RETURN (SELECT until FROM rollup);
END
$$;

-- The quantiles that are kept of scores.
CREATE FUNCTION kept_fractions() RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{0,0.01,0.05,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.95,0.99,1}'::double precision[]
$$;

-- Quantiles of several hours or days taken together, from theirs: each part of each counts as many clips as lie in it.
-- Exact to within a tenth of the ranks; to within a hundredth beyond 95 %.
CREATE FUNCTION merged_quantiles(quantiles double precision[], clips bigint[], fractions double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH part AS (
        SELECT (quantiles[h][f] + quantiles[h][f + 1]) / 2 AS score, clips[h] * (kept[f + 1] - kept[f]) AS weight
        FROM auscult.kept_fractions() AS kept, generate_series(1, cardinality(clips)) AS h,
             generate_series(1, cardinality(kept) - 1) AS f
    ), ranked AS (
        SELECT score, sum(weight) OVER (ORDER BY score ROWS UNBOUNDED PRECEDING) AS upto FROM part
    )
    SELECT array_agg(coalesce(
        CASE fraction
            WHEN 0 THEN (SELECT min(q) FROM unnest(quantiles) AS q)
            WHEN 1 THEN (SELECT max(q) FROM unnest(quantiles) AS q)
            ELSE (SELECT min(score) FROM ranked WHERE upto >= fraction * (SELECT max(upto) FROM ranked))
        END, 'nan') ORDER BY place)
    FROM unnest(fractions) WITH ORDINALITY AS wanted (fraction, place)
$$;
COMMENT ON FUNCTION merged_quantiles IS
    'Quantiles of several hours or days together: of array_agg(score_quantiles) and array_agg(clips).';

-- The hours that have got results since they were last summed up, as they are now: what `machine_hour` lacks.
CREATE VIEW live_hour AS
SELECT *, row_number() OVER (
           PARTITION BY machine_type, machine_id, hour, site ORDER BY clips DESC, last_scored_at DESC, model_version
       ) = 1 AS leads
FROM (
    SELECT r.machine_type, r.machine_id, touched.hour, r.site, r.model_version, count(*) AS clips,
           count(*) FILTER (WHERE r.verdict = 'anomalous') AS anomalies,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY r.score) AS median_score,
           percentile_cont(kept_fractions()) WITHIN GROUP (ORDER BY r.score) AS score_quantiles,
           max(r.recorded_at) AS last_clip, max(r.scored_at) AS last_scored_at
    FROM (
        SELECT DISTINCT machine_type, machine_id, date_trunc('hour', recorded_at, 'UTC') AS hour,
               date_trunc('hour', recorded_at, 'UTC') + interval '1 hour' AS next_hour
        FROM result WHERE scored_at >= rolled_until()
    ) AS touched
    -- The same twice: as an equation for many hours, as a range of an index for few.
    JOIN result r ON r.machine_type = touched.machine_type AND r.machine_id = touched.machine_id
        AND date_trunc('hour', r.recorded_at, 'UTC') = touched.hour
        AND r.recorded_at >= touched.hour AND r.recorded_at < touched.next_hour
    GROUP BY r.machine_type, r.machine_id, touched.hour, r.site, r.model_version
) AS version;

CREATE VIEW machine_hours AS
SELECT machine_type, machine_id, hour, site, model_version, clips, anomalies, median_score, score_quantiles, last_clip,
       last_scored_at, leads
FROM machine_hour
WHERE (machine_type, machine_id, hour) NOT IN (
    SELECT machine_type, machine_id, date_trunc('hour', recorded_at, 'UTC')
    FROM result WHERE scored_at >= rolled_until()
)
UNION ALL
SELECT machine_type, machine_id, hour, site, model_version, clips, anomalies, median_score, score_quantiles, last_clip,
       last_scored_at, leads
FROM live_hour;
COMMENT ON VIEW machine_hours IS 'Each machine, hour by hour, as each model version heard it.';

CREATE VIEW machine_days AS
SELECT machine_type, machine_id, day, site, model_version, clips, anomalies, median_score, score_quantiles, last_clip,
       last_scored_at, leads
FROM machine_day;
COMMENT ON VIEW machine_days IS 'Each machine, day by day of UTC, ten minutes behind at most.';

CREATE OR REPLACE VIEW machine_health AS
SELECT machine_type, machine_id, hour, clips, anomalies, median_score, last_clip, site, model_version
FROM machine_hours WHERE leads;

-- Sums up the hours and days that got results, unless it was done in these ten minutes; returns how many hours.
--
-- Hours are counted anew from their results, so late clips, other versions and whoever did the same at once do no harm.
-- A writer that is still at work may have given its results a time that lies behind us; then a later call does it.
CREATE FUNCTION roll_up(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    boundary CONSTANT timestamptz := date_bin('10 minutes', at - interval '10 seconds', '2000-01-01 00:00:00Z');
    types text[];
    ids text[];
    days date[];
    hours bigint;
BEGIN
    PERFORM FROM auscult.rollup WHERE until < boundary FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE relation = 'auscult.broker_epoch'::regclass AND mode = 'RowShareLock' AND pid <> pg_backend_pid()
            AND xact_start < boundary
    ) THEN
        RETURN 0;
    END IF;
    SELECT array_agg(machine_type), array_agg(machine_id), array_agg(day) INTO types, ids, days
    FROM (
        SELECT DISTINCT machine_type, machine_id, (recorded_at AT TIME ZONE 'UTC')::date AS day
        FROM auscult.result WHERE scored_at >= auscult.rolled_until()
    ) AS touched;
    INSERT INTO auscult.machine_hour SELECT * FROM auscult.live_hour
    ON CONFLICT (machine_type, machine_id, hour, site, model_version) DO UPDATE SET
        (clips, anomalies, median_score, score_quantiles, last_clip, last_scored_at, leads) = (
        excluded.clips, excluded.anomalies, excluded.median_score, excluded.score_quantiles, excluded.last_clip,
        excluded.last_scored_at, excluded.leads)
    -- Fewer than before: retention has dropped the others.
    WHERE excluded.clips >= machine_hour.clips;
    GET DIAGNOSTICS hours = ROW_COUNT;
    INSERT INTO auscult.machine_day
    SELECT machine_type, machine_id, day, site, model_version, clips, anomalies, quantiles[8], quantiles, last_clip,
           last_scored_at, row_number() OVER (
               PARTITION BY machine_type, machine_id, day, site
               ORDER BY clips DESC, last_scored_at DESC, model_version
           ) = 1
    FROM (
        SELECT h.machine_type, h.machine_id, t.day, h.site, h.model_version, sum(h.clips)::bigint AS clips,
               sum(h.anomalies)::bigint AS anomalies, max(h.last_clip) AS last_clip,
               max(h.last_scored_at) AS last_scored_at,
               auscult.merged_quantiles(
                   array_agg(h.score_quantiles), array_agg(h.clips), auscult.kept_fractions()) AS quantiles
        FROM unnest(types, ids, days) AS t (machine_type, machine_id, day) JOIN auscult.machine_hour h
            ON h.machine_type = t.machine_type AND h.machine_id = t.machine_id
            AND h.hour >= t.day::timestamp AT TIME ZONE 'UTC' AND h.hour < (t.day + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY h.machine_type, h.machine_id, t.day, h.site, h.model_version
    ) AS version
    ON CONFLICT (machine_type, machine_id, day, site, model_version) DO UPDATE SET
        (clips, anomalies, median_score, score_quantiles, last_clip, last_scored_at, leads) = (
        excluded.clips, excluded.anomalies, excluded.median_score, excluded.score_quantiles, excluded.last_clip,
        excluded.last_scored_at, excluded.leads)
    WHERE excluded.clips >= machine_day.clips;
    UPDATE auscult.rollup SET until = boundary;
    RETURN hours;
END
$$;
REVOKE EXECUTE ON FUNCTION roll_up, make_result_month FROM PUBLIC;

-- ---------------------------------------------------------------- retention

CREATE OR REPLACE VIEW retention_days AS
SELECT day, bytes, never_scored(first_job(day), first_job(day + 1)) AS never_scored,
       (now() AT TIME ZONE 'UTC')::date - calendar_of(day) > rows_days AS due
FROM (
    SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day, pg_total_relation_size(child.oid)::bigint AS bytes
    FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
    WHERE i.inhparent = 'auscult.clip'::regclass AND NOT i.inhdetachpending
) AS partition, retention;

-- The days whose time is over and whose clips were all scored or given up, the oldest first. The day that jobs are filed
-- under now is none of them, whatever the calendar says.
CREATE FUNCTION days_over(today date) RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT day FROM auscult.retention_days, auscult.retention
    WHERE today - auscult.calendar_of(day) > rows_days AND never_scored = 0
        AND day - date '1970-01-01' < (SELECT max(j.day) FROM auscult.job_day j)
    ORDER BY day
$$;

-- What is left of days whose clips are gone already: their tables, detached or about to be.
CREATE FUNCTION days_half_gone() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD')
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^clip_[0-9]{8}$'
        AND (i.inhrelid IS NULL OR i.inhdetachpending)
    ORDER BY 1
$$;

-- Removes the rows of a day whose clips were detached; returns whether it had clips. Results go one by one, for their
-- month has other days, and the month with its last.
CREATE FUNCTION forget_day(old date) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    first CONSTANT bigint := auscult.first_job(old);
    after_last CONSTANT bigint := auscult.first_job(old + 1);
    clips CONSTANT text := 'clip' || to_char(old, '_YYYYMMDD');
    had_clips boolean;
    relation text;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM auscult.%I)', clips) INTO had_clips;
    FOREACH relation IN ARRAY ARRAY['result', 'clip_key', 'dead_letter', 'attempt', 'revival', 'dismissal'] LOOP
        EXECUTE format('DELETE FROM auscult.%I WHERE job >= %s AND job < %s', relation, first, after_last);
    END LOOP;
    EXECUTE format('DROP TABLE auscult.%I', clips);
    RETURN had_clips;
END
$$;

-- Months of results all of whose days are gone.
CREATE FUNCTION empty_months() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    child text;
    is_empty boolean;
BEGIN
    FOR child IN
        SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^result_[0-9]{6}$'
            AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= ALL (
                SELECT to_date(right(d.relname, 8), 'YYYYMMDD')
                FROM pg_inherits j JOIN pg_class d ON d.oid = j.inhrelid WHERE j.inhparent = 'auscult.clip'::regclass)
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM auscult.%I)', child) INTO is_empty;
        IF is_empty THEN RETURN NEXT child; END IF;
    END LOOP;
END
$$;
DROP FUNCTION drop_old_days(date);
REVOKE EXECUTE ON FUNCTION days_over, days_half_gone, forget_day, empty_months FROM PUBLIC;

-- ---------------------------------------------------------------- analysts

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format('GRANT SELECT ON results, machine_health, machine_hours, machine_days, alarms TO %I', reader);
    END LOOP;
END
$$;

-- What questions about a year want of the server.
DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        EXECUTE format('ALTER ROLE %I SET enable_partitionwise_join = on', reader);
        EXECUTE format('ALTER ROLE %I SET enable_partitionwise_aggregate = on', reader);
        EXECUTE format('ALTER ROLE %I SET jit = off', reader);
        EXECUTE format('ALTER ROLE %I SET random_page_cost = 1.1', reader);
        EXECUTE format('ALTER ROLE %I SET work_mem = %L', reader, '32MB');
    END LOOP;
EXCEPTION WHEN undefined_object OR insufficient_privilege THEN NULL;
END
$$;
