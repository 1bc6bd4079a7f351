-- The queue's side of the ledger: who may write, the clips, and what became of them.
--
-- Clips and their outcomes are append-only: no row of them is ever updated, and the state of a job is a question of
-- which rows exist. They are partitioned by day of acceptance, so that old days are dropped as a whole.

-- ---------------------------------------------------------------- who may write

CREATE TABLE broker_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT 'nobody',
    opened_at timestamptz NOT NULL DEFAULT now(),
    settled bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE broker_epoch IS 'The broker that may write: each of its transactions holds the row of its own epoch.';
COMMENT ON COLUMN broker_epoch.settled IS 'All jobs up to this one had ended when the epoch was opened.';
INSERT INTO broker_epoch DEFAULT VALUES;

-- Makes the transaction that calls it fail once another broker has opened its epoch, and makes a broker that opens its
-- epoch wait for the transaction's end.
CREATE FUNCTION hold_epoch(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM auscult.broker_epoch WHERE epoch = mine FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'AU001', MESSAGE = (
            SELECT format('the broker %s has taken over (epoch %s, ours was %s)', holder, epoch, mine)
            FROM auscult.broker_epoch);
    END IF;
END
$$;

-- ---------------------------------------------------------------- clips and what became of them

CREATE SEQUENCE job_counter;

-- A job's number is its day of acceptance, counted from 1970, times 2^32, plus a counter: numbers grow with time, and
-- a number tells its partition.
CREATE FUNCTION first_job(of_day date) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (of_day - date '1970-01-01')::bigint << 32
$$;

CREATE FUNCTION new_job() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT auscult.first_job((now() AT TIME ZONE 'UTC')::date) | (nextval('auscult.job_counter') & x'ffffffff'::bigint)
$$;

CREATE TABLE clip_key (
    site text NOT NULL,
    key text NOT NULL,
    job bigint NOT NULL,
    PRIMARY KEY (site, key)
);
COMMENT ON TABLE clip_key IS 'Idempotency keys: the same key of a site is the same job.';

CREATE TABLE clip (
    job bigint PRIMARY KEY,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    recorded_at timestamptz NOT NULL,
    segment bigint NOT NULL,
    position bigint NOT NULL,
    length bigint NOT NULL,
    channel integer NOT NULL,
    priority smallint NOT NULL,
    site text NOT NULL,
    key text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    format text NOT NULL,
    feature jsonb
) PARTITION BY RANGE (job);
COMMENT ON TABLE clip IS 'Accepted clips; (segment, position, length) is where the broker''s disk holds the bytes.';
COMMENT ON COLUMN clip.feature IS 'How a log-mel clip was computed; NULL for a recording.';

CREATE TABLE result (
    job bigint NOT NULL,
    scored_at timestamptz NOT NULL DEFAULT now(),
    score double precision NOT NULL,
    log_odds double precision,
    threshold double precision,
    neighbour_distance double precision,
    queue_milliseconds double precision NOT NULL,
    compute_milliseconds double precision NOT NULL,
    attempt integer NOT NULL,
    model_version text NOT NULL,
    verdict text NOT NULL,
    worker text NOT NULL,
    flags text[],
    PRIMARY KEY (job, model_version)
) PARTITION BY RANGE (job);
COMMENT ON TABLE result IS 'What a model said about a clip: once per clip and model version.';
COMMENT ON COLUMN result.flags IS 'Quality flags such as clipping; NULL when there are none.';

CREATE TABLE dead_letter (
    job bigint PRIMARY KEY,
    died_at timestamptz NOT NULL DEFAULT now(),
    attempt integer NOT NULL,
    code integer NOT NULL,
    worker text NOT NULL,
    reason text NOT NULL
) PARTITION BY RANGE (job);
COMMENT ON TABLE dead_letter IS 'Clips that will not be tried again, and why.';

CREATE TABLE attempt (
    job bigint NOT NULL,
    attempt integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    code integer NOT NULL,
    worker text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (job, attempt)
) PARTITION BY RANGE (job);
COMMENT ON TABLE attempt IS 'Tries that failed; a job that went well the first time has no row here.';

-- Creates the partitions of some days, today's first. A new table is attached rather than created in place: that
-- waits for no reader, however long an analyst's transaction lasts.
CREATE FUNCTION ensure_partitions(days integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    parent text;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('auscult.ensure_partitions'));
    FOR day IN 0 .. days - 1 LOOP
        FOREACH parent IN ARRAY ARRAY['clip', 'result', 'dead_letter', 'attempt'] LOOP
            child := parent || to_char(today + day, '_YYYYMMDD');
            CONTINUE WHEN to_regclass('auscult.' || child) IS NOT NULL;
            EXECUTE format('CREATE TABLE auscult.%I (LIKE auscult.%I INCLUDING ALL)', child, parent);
            EXECUTE format('ALTER TABLE auscult.%I ATTACH PARTITION auscult.%I FOR VALUES FROM (%s) TO (%s)',
                parent, child, auscult.first_job(today + day), auscult.first_job(today + day + 1));
        END LOOP;
    END LOOP;
END
$$;

CREATE VIEW open_clip AS
SELECT c.* FROM broker_epoch e JOIN clip c ON c.job > e.settled
WHERE NOT EXISTS (SELECT FROM result r WHERE r.job = c.job)
  AND NOT EXISTS (SELECT FROM dead_letter d WHERE d.job = c.job);
COMMENT ON VIEW open_clip IS 'Accepted clips that have not ended yet.';

-- ---------------------------------------------------------------- content, workers

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
