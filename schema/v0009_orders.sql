-- Orders to the queue, dead letters given another life or given up for good, and what people see of it.
--
-- Whoever steers the queue, by command or in SQL, calls one of the functions below. They write an order down; the
-- broker that leads reads it within a second and decides alone what becomes of clips. Whichever broker leads next
-- finds what is not done yet.

-- ---------------------------------------------------------------- orders

CREATE TABLE operator_order (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('pause', 'cancel', 'retry', 'drop')),
    kind text CHECK (kind IN ('clips', 'shards')),
    site text,
    machine_type text,
    last_job bigint,
    jobs bigint[],
    reason text NOT NULL DEFAULT '',
    given_by text NOT NULL,
    login text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT now(),
    closed_by text,
    closed_at timestamptz,
    clips bigint
);
CREATE INDEX ON operator_order (number) WHERE closed_at IS NULL;
COMMENT ON TABLE operator_order IS
    'What operators asked for. A pause stands until it is resumed; the broker closes the others once they are done.';
COMMENT ON COLUMN operator_order.kind IS 'Clips to score or shards of training; NULL for both. Likewise site and type.';
COMMENT ON COLUMN operator_order.last_job IS 'Cancel: clips accepted later are not meant.';
COMMENT ON COLUMN operator_order.given_by IS 'The person, in her own words; login is who the database knows her as.';
COMMENT ON COLUMN operator_order.clips IS 'How many clips the order touched.';

CREATE TABLE revival (
    job bigint NOT NULL,
    died_at timestamptz NOT NULL,
    attempt integer NOT NULL,
    code integer NOT NULL,
    worker text NOT NULL,
    reason text NOT NULL,
    revived_by text NOT NULL,
    revived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, died_at)
);
COMMENT ON TABLE revival IS 'Dead letters that were given another life: each as it was, and who wanted it.';
COMMENT ON COLUMN revival.attempt IS 'Attempts up to here are forgiven.';

CREATE TABLE dismissal (
    job bigint PRIMARY KEY,
    reason text NOT NULL,
    dismissed_by text NOT NULL,
    dismissed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dismissal IS 'Dead letters that an operator has given up for good.';

-- Clips and results lie in the order of time, so an index of a few pages finds those of the last minute.
CREATE INDEX ON clip USING brin (accepted_at) WITH (autosummarize = on, pages_per_range = 32);
CREATE INDEX ON result USING brin (scored_at) WITH (autosummarize = on, pages_per_range = 32);

-- ---------------------------------------------------------------- what operators can do

CREATE FUNCTION give_order(
    action text, kind text, site text, machine_type text, last_job bigint, jobs bigint[], reason text, who text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    IF kind = 'shards' AND (site IS NOT NULL OR machine_type IS NOT NULL) THEN
        RAISE EXCEPTION 'shards of training belong to no site and no machine type: leave those out';
    END IF;
    INSERT INTO operator_order AS o (action, kind, site, machine_type, last_job, jobs, reason, given_by)
    VALUES (action, CASE WHEN site IS NOT NULL OR machine_type IS NOT NULL THEN 'clips' ELSE kind END,
        site, machine_type, last_job, jobs, coalesce(reason, ''), coalesce(nullif(who, ''), session_user))
    RETURNING o.number INTO given;
    RETURN given;
END
$$;

CREATE FUNCTION pause_queue(
    site text DEFAULT NULL, machine_type text DEFAULT NULL, kind text DEFAULT NULL, reason text DEFAULT '',
    who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    clips_only CONSTANT boolean := site IS NOT NULL OR machine_type IS NOT NULL;
    standing bigint;
BEGIN
    SELECT min(o.number) INTO standing FROM operator_order o
    WHERE o.action = 'pause' AND o.closed_at IS NULL AND (o.site, o.machine_type, o.kind) IS NOT DISTINCT FROM
        (pause_queue.site, pause_queue.machine_type, CASE WHEN clips_only THEN 'clips' ELSE pause_queue.kind END);
    RETURN coalesce(standing, give_order('pause', kind, site, machine_type, NULL, NULL, reason, who));
END
$$;
COMMENT ON FUNCTION pause_queue IS
    'Lets a part of the queue wait, or all of it: clips are still accepted. Returns the number of the order.';

CREATE FUNCTION resume_queue(
    site text DEFAULT NULL, machine_type text DEFAULT NULL, kind text DEFAULT NULL, who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    lifted bigint;
BEGIN
    UPDATE operator_order AS o SET closed_at = now(), closed_by = coalesce(nullif(who, ''), session_user)
    WHERE o.action = 'pause' AND o.closed_at IS NULL
        AND (resume_queue.kind IS NULL OR o.kind = resume_queue.kind)
        AND (resume_queue.site IS NULL OR o.site = resume_queue.site)
        AND (resume_queue.machine_type IS NULL OR o.machine_type = resume_queue.machine_type);
    GET DIAGNOSTICS lifted = ROW_COUNT;
    RETURN lifted;
END
$$;
COMMENT ON FUNCTION resume_queue IS
    'Lifts the pauses of a part of the queue and of all parts of that part. Returns how many.';

CREATE FUNCTION cancel_clips(
    site text DEFAULT NULL, machine_type text DEFAULT NULL, reason text DEFAULT '', who text DEFAULT NULL)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT give_order('cancel', 'clips', site, machine_type, (SELECT coalesce(max(job), 0) FROM clip), NULL, reason, who)
$$;
COMMENT ON FUNCTION cancel_clips IS
    'Makes dead letters of the clips of a site, a machine type or all that are open now. Returns the order''s number.';

CREATE FUNCTION cancel_jobs(jobs bigint[], reason text DEFAULT '', who text DEFAULT NULL)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT give_order('cancel', 'clips', NULL, NULL, NULL, jobs, reason, who)
$$;
COMMENT ON FUNCTION cancel_jobs IS 'Makes dead letters of these clips if they are open. Returns the order''s number.';

CREATE FUNCTION retry_dead_letters(jobs bigint[], who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    revived bigint[];
BEGIN
    -- An outcome that is being written holds the epoch; from here on none is, until this transaction ends.
    UPDATE broker_epoch SET settled = least(settled, (SELECT min(j) - 1 FROM unnest(jobs) AS j));
    WITH dead AS (
        DELETE FROM dead_letter AS d
        WHERE d.job = ANY (retry_dead_letters.jobs) AND NOT EXISTS (SELECT FROM dismissal m WHERE m.job = d.job)
        RETURNING d.*
    ), kept AS (
        INSERT INTO revival (job, died_at, attempt, code, worker, reason, revived_by)
        SELECT job, died_at, attempt, code, worker, reason, coalesce(nullif(who, ''), session_user) FROM dead
        RETURNING job
    )
    SELECT array_agg(job ORDER BY job) INTO revived FROM kept;
    -- In orders of a size that a broker takes in at once.
    FOR i IN 0 .. (coalesce(cardinality(revived), 0) - 1) / 1000 LOOP
        EXIT WHEN revived IS NULL;
        PERFORM give_order('retry', 'clips', NULL, NULL, NULL, revived[i * 1000 + 1 : (i + 1) * 1000], '', who);
    END LOOP;
    RETURN coalesce(cardinality(revived), 0);
END
$$;
COMMENT ON FUNCTION retry_dead_letters IS
    'Puts dead letters back in line, their attempts forgiven. Returns how many; those that were dropped stay dead.';

CREATE FUNCTION drop_dead_letters(jobs bigint[], reason text DEFAULT '', who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    given bigint;
    dropped bigint[];
BEGIN
    -- As above: a letter is retried or dropped, never both.
    PERFORM FROM broker_epoch FOR NO KEY UPDATE;
    WITH given_up AS (
        INSERT INTO dismissal (job, reason, dismissed_by)
        SELECT d.job, coalesce(drop_dead_letters.reason, ''), coalesce(nullif(who, ''), session_user)
        FROM dead_letter d WHERE d.job = ANY (drop_dead_letters.jobs)
        ON CONFLICT DO NOTHING RETURNING job
    )
    SELECT array_agg(job ORDER BY job) INTO dropped FROM given_up;
    IF dropped IS NULL THEN RETURN 0; END IF;
    given := give_order('drop', 'clips', NULL, NULL, NULL, dropped, reason, who);
    UPDATE operator_order AS o SET closed_at = now(), closed_by = o.given_by, clips = cardinality(dropped)
    WHERE o.number = given;
    RETURN cardinality(dropped);
END
$$;
COMMENT ON FUNCTION drop_dead_letters IS
    'Gives dead letters up for good: they stay on record and cannot be retried. Returns how many.';

-- ---------------------------------------------------------------- what people see

CREATE OR REPLACE VIEW dead_letters AS
SELECT c.site, c.machine_type, c.machine_id, c.recorded_at, c.key, c.name, c.job, c.accepted_at, d.died_at,
       d.code, d.reason, d.attempt AS attempts, d.worker,
       m.dismissed_at AS dropped_at, m.dismissed_by AS dropped_by, m.reason AS drop_reason,
       (SELECT count(*) FROM revival r WHERE r.job = d.job) AS retries
FROM dead_letter d JOIN clip c USING (job) LEFT JOIN dismissal m USING (job);
COMMENT ON VIEW dead_letters IS 'Clips that could not be scored, and why; dropped_at tells those given up for good.';

CREATE VIEW failed_attempts AS
SELECT job, attempt, failed_at, code, worker, reason, NULL::text AS revived_by FROM attempt
UNION ALL SELECT job, attempt, died_at, code, worker, reason, NULL FROM dead_letter
UNION ALL SELECT job, attempt, died_at, code, worker, reason, revived_by FROM revival;
COMMENT ON VIEW failed_attempts IS 'Every try that failed, also of clips that were scored in the end.';

CREATE VIEW queue_pauses AS
SELECT number, kind, site, machine_type, reason, given_by AS paused_by, given_at AS paused_at
FROM operator_order WHERE action = 'pause' AND closed_at IS NULL;
COMMENT ON VIEW queue_pauses IS 'What waits because an operator wants it to; NULL means all.';

CREATE VIEW operator_orders AS
SELECT number, action, kind, site, machine_type, cardinality(jobs) AS jobs, reason, given_by, login, given_at,
       closed_by, closed_at, clips
FROM operator_order;
COMMENT ON VIEW operator_orders IS 'Who asked the queue for what; closed_at tells when it was done or lifted.';

CREATE VIEW queues AS
SELECT o.site, o.machine_type, count(*) AS waiting,
       extract(epoch FROM now() - min(o.accepted_at))::double precision AS oldest_seconds,
       EXISTS (
           SELECT FROM queue_pauses p
           WHERE p.kind IS DISTINCT FROM 'shards' AND coalesce(p.site, o.site) = o.site
               AND coalesce(p.machine_type, o.machine_type) = o.machine_type
       ) AS paused
FROM open_clip o GROUP BY o.site, o.machine_type;
COMMENT ON VIEW queues IS 'Clips without result or dead letter, by site and machine type.';

CREATE VIEW queue_rates AS
SELECT accepted.clips / 60.0::double precision AS accepted_per_second,
       scored.clips / 60.0::double precision AS scored_per_second,
       queue[1] AS queue_p50_milliseconds, queue[2] AS queue_p95_milliseconds, queue[3] AS queue_p99_milliseconds,
       compute[1] AS compute_p50_milliseconds, compute[2] AS compute_p95_milliseconds,
       compute[3] AS compute_p99_milliseconds
FROM (
    SELECT count(*) AS clips FROM clip
    WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1) AND accepted_at > now() - interval '1 minute'
) AS accepted, (
    SELECT count(*) AS clips,
           percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY queue_milliseconds) AS queue,
           percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY compute_milliseconds) AS compute
    FROM result
    WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1) AND scored_at > now() - interval '1 minute'
) AS scored;
COMMENT ON VIEW queue_rates IS 'The last minute: clips per second, how long they waited and how long they took.';

CREATE OR REPLACE VIEW queue_now AS
SELECT count(*) AS waiting,
       coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::double precision AS oldest_seconds,
       (SELECT count(*) FROM clip WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1)
            AND accepted_at > now() - interval '1 minute') AS accepted_last_minute,
       (SELECT count(*) FROM result WHERE job >= first_job((now() AT TIME ZONE 'UTC')::date - 1)
            AND scored_at > now() - interval '1 minute') AS scored_last_minute,
       (SELECT count(*) FROM dead_letter) AS dead,
       (SELECT count(*) FROM workers WHERE alive) AS workers,
       (SELECT count(*) FROM run WHERE state IN ('queued', 'running')) AS runs,
       (SELECT count(*) FROM queue_pauses) AS pauses
FROM open_clip;

-- ---------------------------------------------------------------- who may do what

REVOKE EXECUTE ON FUNCTION give_order, pause_queue, resume_queue, cancel_clips, cancel_jobs, retry_dead_letters,
    drop_dead_letters FROM PUBLIC;

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format(
            'GRANT SELECT ON failed_attempts, queue_pauses, operator_orders, queues, queue_rates TO %I', reader);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_operator') THEN
        GRANT SELECT ON migration TO auscult_operator;
        GRANT EXECUTE ON FUNCTION pause_queue, resume_queue, cancel_clips, cancel_jobs, retry_dead_letters,
            drop_dead_letters TO auscult_operator;
    END IF;
END
$$;
