-- A queue that does not age, under a calendar that may say anything.
--
-- Jobs are filed under days that only grow: the leading broker begins a day, with its partition, and everybody else
-- files under the newest. `settled` follows the newest job at a short distance; the few clips that are still open behind
-- it are listed by name. So whatever asks for open clips looks at those, however many have ended.

-- ---------------------------------------------------------------- days

CREATE TABLE job_day (
    day integer PRIMARY KEY CHECK (day > 0),
    counter bigint NOT NULL,
    calendar date NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE job_day IS
    'The days that jobs are filed under, counted from 1970 while the calendar goes forwards; they only grow.';
COMMENT ON COLUMN job_day.counter IS 'Of the last job of the days before.';
COMMENT ON COLUMN job_day.calendar IS 'What the calendar of UTC said; earlier than the day before after it was set back.';

INSERT INTO job_day (day, counter, calendar)
SELECT max(job) >> 32, 0, date '1970-01-01' + (max(job) >> 32)::integer FROM clip HAVING max(job) > 0;

-- The day to file under. The calendar may be a day behind, as after it was set right around midnight; when it is set back
-- further, a new day begins all the same, under the next number.
CREATE FUNCTION next_day(newest integer, its_calendar date, today date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN newest IS NULL OR number > newest THEN number
        WHEN today BETWEEN its_calendar - 1 AND its_calendar THEN newest
        ELSE newest + 1
    END
    FROM (SELECT least(greatest(today, date '1970-01-02'), date '9000-01-01') - date '1970-01-01' AS number) AS n
$$;

-- What a counter's value is added to for the number of a job: the day times 2^32, less the counter's value when it began.
CREATE FUNCTION job_base() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (day::bigint << 32) - counter FROM auscult.job_day ORDER BY day DESC LIMIT 1
$$;

-- No job has a larger number. Exact while the epoch is taken: then nobody is about to use the counter.
CREATE FUNCTION newest_job() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT auscult.job_base() + CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM auscult.job_counter
$$;

-- Makes the transaction that calls it the only one that writes for this epoch, until it ends.
CREATE FUNCTION take_epoch(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM auscult.broker_epoch WHERE epoch = mine FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM auscult.hold_epoch(mine);
    END IF;
END
$$;

-- The partition of a day, by the name it has had since the first version.
CREATE FUNCTION make_partition(of_day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['clip', 'result'] LOOP
        child := parent || to_char(date '1970-01-01' + of_day, '_YYYYMMDD');
        CONTINUE WHEN to_regclass('auscult.' || child) IS NOT NULL;
        -- Attached rather than created in place: that waits for no reader, however long an analyst's transaction lasts.
        EXECUTE format('CREATE TABLE auscult.%I (LIKE auscult.%I INCLUDING ALL)', child, parent);
        EXECUTE format('ALTER TABLE auscult.%I ATTACH PARTITION auscult.%I FOR VALUES FROM (%s) TO (%s)',
            parent, child, of_day::bigint << 32, (of_day + 1)::bigint << 32);
    END LOOP;
END
$$;

-- Begins a new day if it is time for one; the caller has taken the epoch. When somebody holds the tables, jobs are filed
-- under the old day for a little longer.
CREATE FUNCTION begin_day(today date) RETURNS void LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    newest auscult.job_day;
    wanted integer;
    used bigint;
BEGIN
    SELECT * INTO newest FROM auscult.job_day ORDER BY day DESC LIMIT 1;
    wanted := auscult.next_day(newest.day, newest.calendar, today);
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO used FROM auscult.job_counter;
    -- Room for as many jobs as a day may have at most, long before it is used up.
    IF wanted = newest.day AND used - newest.counter > 1::bigint << 31 THEN
        wanted := wanted + 1;
    END IF;
    PERFORM auscult.make_partition(wanted);
    IF wanted IS DISTINCT FROM newest.day THEN
        INSERT INTO auscult.job_day (day, counter, calendar) VALUES (wanted, used, today);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    IF newest.day IS NULL THEN RAISE; END IF;
END
$$;

DROP FUNCTION ensure_partitions(integer);
DROP FUNCTION new_job();

-- ---------------------------------------------------------------- open clips

CREATE TABLE open_behind (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job bigint NOT NULL
);
CREATE INDEX ON open_behind (job);
COMMENT ON TABLE open_behind IS
    'Clips that are open though `broker_epoch.settled` has passed them: those that wait long, and those given another life.';
COMMENT ON COLUMN broker_epoch.settled IS 'Of all jobs up to this one, only those of `open_behind` may be open.';

-- Whether a clip has ended.
CREATE FUNCTION has_ended(of_job bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM auscult.result r WHERE r.job = of_job)
        OR EXISTS (SELECT FROM auscult.dead_letter d WHERE d.job = of_job)
$$;

-- Lists the clips that are open up to a job, which was the newest while nobody wrote, so nothing is missed; and takes those
-- off the list that ended while they were being listed. A clip that is given another life gets an entry of its own, so an
-- entry whose clip has ended is of no more use to anybody, whatever happens meanwhile.
CREATE FUNCTION list_open(up_to bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    settled CONSTANT bigint := (SELECT e.settled FROM auscult.broker_epoch e);
BEGIN
    -- With the bounds as constants only the partitions that matter are looked at.
    EXECUTE format($query$
        INSERT INTO auscult.open_behind (job)
        SELECT c.job FROM auscult.clip c
        WHERE c.job > %1$s AND c.job <= %2$s
            AND NOT EXISTS (SELECT FROM auscult.result r WHERE r.job = c.job AND r.job > %1$s AND r.job <= %2$s)
            AND NOT EXISTS (SELECT FROM auscult.dead_letter d WHERE d.job = c.job)
            AND NOT EXISTS (SELECT FROM auscult.open_behind o WHERE o.job = c.job)
        ORDER BY c.job
        $query$, settled, up_to);
    DELETE FROM auscult.open_behind
    WHERE entry IN (SELECT entry FROM auscult.open_behind ORDER BY entry DESC LIMIT 10000) AND auscult.has_ended(job);
END
$$;

-- Moves the mark; the caller has taken the epoch.
CREATE FUNCTION settle(up_to bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE auscult.broker_epoch SET settled = up_to WHERE settled < up_to
$$;

-- ---------------------------------------------------------------- tables that stay small

-- Few clips die or fail, so their rows need no partitions, and whoever counts them need not open hundreds.
DROP VIEW queues, queue_now, open_clip, failed_attempts, dead_letters, retention_now, retention_days;

ALTER TABLE dead_letter RENAME TO dead_letter_by_day;
ALTER INDEX dead_letter_pkey RENAME TO dead_letter_by_day_pkey;
CREATE TABLE dead_letter (LIKE dead_letter_by_day INCLUDING DEFAULTS, PRIMARY KEY (job));
INSERT INTO dead_letter SELECT * FROM dead_letter_by_day;
DROP TABLE dead_letter_by_day;
COMMENT ON TABLE dead_letter IS 'Clips that will not be tried again, and why.';

ALTER TABLE attempt RENAME TO attempt_by_day;
ALTER INDEX attempt_pkey RENAME TO attempt_by_day_pkey;
CREATE TABLE attempt (LIKE attempt_by_day INCLUDING DEFAULTS, PRIMARY KEY (job, attempt));
INSERT INTO attempt SELECT * FROM attempt_by_day;
DROP TABLE attempt_by_day;
COMMENT ON TABLE attempt IS 'Tries that failed; a job that went well the first time has no row here.';

CREATE VIEW dead_letters AS
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

-- ---------------------------------------------------------------- what people see

-- Statements with constants for bounds, for the planner opens every partition that it cannot rule out beforehand.

CREATE FUNCTION open_clips() RETURNS SETOF clip LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    settled CONSTANT bigint := (SELECT e.settled FROM broker_epoch e);
    behind CONSTANT bigint[] := ARRAY(SELECT DISTINCT o.job FROM open_behind o WHERE o.job <= settled);
BEGIN
    IF behind <> '{}' THEN
        RETURN QUERY EXECUTE $query$
            SELECT * FROM clip c WHERE c.job = ANY ($1)
                AND NOT EXISTS (SELECT FROM result r WHERE r.job = c.job AND r.job = ANY ($1))
                AND NOT EXISTS (SELECT FROM dead_letter d WHERE d.job = c.job)
            $query$ USING behind;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT * FROM clip c WHERE c.job > %1$s
            AND NOT EXISTS (SELECT FROM result r WHERE r.job = c.job AND r.job > %1$s)
            AND NOT EXISTS (SELECT FROM dead_letter d WHERE d.job = c.job)
        $query$, settled);
END
$$;

CREATE VIEW open_clip AS SELECT * FROM open_clips();
COMMENT ON VIEW open_clip IS 'Accepted clips that have not ended yet.';

-- How many clips were accepted and how many scores written in the last minute. Whoever files today files under the newest
-- day, and what lies in the future was written before the calendar was set back.
CREATE FUNCTION last_minute(OUT accepted bigint, OUT scored bigint) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
DECLARE
    first CONSTANT bigint := (SELECT (max(day) - 1)::bigint << 32 FROM job_day);
BEGIN
    EXECUTE format($query$
        SELECT (SELECT count(*) FROM clip WHERE job >= %1$s AND accepted_at > now() - interval '1 minute'
                    AND accepted_at <= now()),
               (SELECT count(*) FROM result WHERE job >= %1$s AND scored_at > now() - interval '1 minute'
                    AND scored_at <= now())
        $query$, coalesce(first, 0)) INTO accepted, scored;
END
$$;

CREATE VIEW queue_now AS
SELECT open.waiting, open.oldest_seconds, last_minute.accepted AS accepted_last_minute,
       last_minute.scored AS scored_last_minute, (SELECT count(*) FROM dead_letter) AS dead,
       (SELECT count(*) FROM workers WHERE alive) AS workers,
       (SELECT count(*) FROM run WHERE state IN ('queued', 'running')) AS runs,
       (SELECT count(*) FROM queue_pauses) AS pauses
FROM last_minute(), (
    SELECT count(*) AS waiting,
           greatest(coalesce(extract(epoch FROM now() - min(accepted_at)), 0), 0)::double precision AS oldest_seconds
    FROM open_clip
) AS open;
COMMENT ON VIEW queue_now IS 'The queue at this moment: clips without result or dead letter, and what moves them.';

CREATE VIEW queues AS
SELECT o.site, o.machine_type, count(*) AS waiting,
       greatest(extract(epoch FROM now() - min(o.accepted_at)), 0)::double precision AS oldest_seconds,
       EXISTS (
           SELECT FROM queue_pauses p
           WHERE p.kind IS DISTINCT FROM 'shards' AND coalesce(p.site, o.site) = o.site
               AND coalesce(p.machine_type, o.machine_type) = o.machine_type
       ) AS paused
FROM open_clip o GROUP BY o.site, o.machine_type;
COMMENT ON VIEW queues IS 'Clips without result or dead letter, by site and machine type.';

-- ---------------------------------------------------------------- orders

-- Neither of the two touches what a broker must hold: an operator's transaction may stay open for as long as it likes.

CREATE OR REPLACE FUNCTION retry_dead_letters(jobs bigint[], who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    revived bigint[];
BEGIN
    -- A letter is retried or dropped, never both: whoever comes second sees what the first has done.
    PERFORM FROM dead_letter d WHERE d.job = ANY (retry_dead_letters.jobs) ORDER BY d.job FOR UPDATE;
    WITH dead AS (
        DELETE FROM dead_letter AS d
        WHERE d.job = ANY (retry_dead_letters.jobs) AND NOT EXISTS (SELECT FROM dismissal m WHERE m.job = d.job)
        RETURNING d.*
    ), listed AS (
        INSERT INTO open_behind (job) SELECT job FROM dead
    ), kept AS (
        INSERT INTO revival (job, died_at, attempt, code, worker, reason, revived_by)
        SELECT job, died_at, attempt, code, worker, reason, coalesce(nullif(who, ''), session_user) FROM dead
        ON CONFLICT (job, died_at) DO UPDATE SET revived_by = excluded.revived_by, revived_at = excluded.revived_at
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

CREATE OR REPLACE FUNCTION drop_dead_letters(jobs bigint[], reason text DEFAULT '', who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    given bigint;
    dropped bigint[];
BEGIN
    PERFORM FROM dead_letter d WHERE d.job = ANY (drop_dead_letters.jobs) ORDER BY d.job FOR UPDATE;
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

CREATE OR REPLACE FUNCTION cancel_clips(
    site text DEFAULT NULL, machine_type text DEFAULT NULL, reason text DEFAULT '', who text DEFAULT NULL)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT give_order('cancel', 'clips', site, machine_type, coalesce(newest_job(), 0), NULL, reason, who)
$$;

-- ---------------------------------------------------------------- retention

-- A day's own calendar may be ahead of the truth; none of its clips is younger than the days after it.
CREATE FUNCTION calendar_of(of_day date) RETURNS date LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT least(of_day, min(calendar)) FROM auscult.job_day WHERE day >= of_day - date '1970-01-01'
$$;

CREATE VIEW retention_days AS
SELECT day, bytes, never_scored(first_job(day), first_job(day + 1)) AS never_scored,
       (now() AT TIME ZONE 'UTC')::date - calendar_of(day) > rows_days AS due
FROM (
    SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day, sum(pg_total_relation_size(child.oid))::bigint AS bytes
    FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
    WHERE i.inhparent IN ('auscult.clip'::regclass, 'auscult.result'::regclass)
    GROUP BY 1
) AS partition, retention;
COMMENT ON VIEW retention_days IS
    'The days clips are kept of; one that is due and stays is held by clips neither scored nor given up by name.';

CREATE VIEW retention_now AS
SELECT bytes_days, rows_days,
       (SELECT min(day) FROM retention_days) AS oldest_day,
       (SELECT count(*) FROM retention_days WHERE due AND never_scored > 0) AS days_held
FROM retention;
COMMENT ON VIEW retention_now IS
    'How long clips are kept, the oldest day there is, and the days held by clips neither scored nor given up.';

-- The parents are locked for the moment of a drop. An analyst who reads them then makes it wait, and would make the
-- queue wait behind it; so it gives up after a fifth of a second, and the next call tries again.
CREATE OR REPLACE FUNCTION drop_old_days(today date) RETURNS SETOF date LANGUAGE plpgsql
SET lock_timeout = '200ms' AS $$
DECLARE
    kept CONSTANT integer := (SELECT rows_days FROM auscult.retention);
    newest CONSTANT integer := (SELECT max(day) FROM auscult.job_day);
    old date;
    had_clips boolean;
    parent text;
BEGIN
    FOR old IN
        SELECT to_date(right(child.relname, 8), 'YYYYMMDD')
        FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
        WHERE i.inhparent = 'auscult.clip'::regclass ORDER BY 1
    LOOP
        CONTINUE WHEN kept IS NULL OR today - auscult.calendar_of(old) <= kept;
        CONTINUE WHEN auscult.never_scored(auscult.first_job(old), auscult.first_job(old + 1)) > 0;
        had_clips := EXISTS (
            SELECT FROM auscult.clip WHERE job >= auscult.first_job(old) AND job < auscult.first_job(old + 1));
        BEGIN
            FOREACH parent IN ARRAY ARRAY['clip_key', 'dead_letter', 'attempt', 'revival', 'dismissal'] LOOP
                EXECUTE format('DELETE FROM auscult.%I WHERE job >= $1 AND job < $2', parent)
                    USING auscult.first_job(old), auscult.first_job(old + 1);
            END LOOP;
            FOREACH parent IN ARRAY ARRAY['clip', 'result'] LOOP
                EXECUTE format('DROP TABLE IF EXISTS auscult.%I', parent || to_char(old, '_YYYYMMDD'));
            END LOOP;
            -- The day jobs are filed under goes on, empty.
            IF old - date '1970-01-01' = newest THEN PERFORM auscult.make_partition(newest); END IF;
        EXCEPTION WHEN lock_not_available THEN
            RETURN;
        END;
        IF had_clips THEN RETURN NEXT old; END IF;
    END LOOP;
END
$$;

-- ---------------------------------------------------------------- who may do what

REVOKE EXECUTE ON FUNCTION job_base, newest_job, take_epoch, make_partition, begin_day, has_ended, list_open, settle,
    open_clips, last_minute, calendar_of, drop_old_days FROM PUBLIC;

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format(
            'GRANT SELECT ON dead_letters, failed_attempts, queue_now, queues, retention_now, retention_days TO %I', reader);
        EXECUTE format('GRANT EXECUTE ON FUNCTION open_clips, last_minute, calendar_of TO %I', reader);
    END LOOP;
END
$$;
