-- Nobody but the broker's role can stand in a broker's way: what it locks is its own, what others may call locks nothing of
-- it and does not wait, and what others hold is looked at every second.

-- ---------------------------------------------------------------- who leads

-- Whoever leads has locked this view in a transaction of his own. A view has no rows, so no vacuum ever waits for it; and
-- only its owner may lock it, unlike an advisory lock, which is anybody's to take.
CREATE VIEW leader_seat AS SELECT true AS seat;
COMMENT ON VIEW leader_seat IS 'Locked by the broker that leads.';

-- ---------------------------------------------------------------- which cluster

CREATE TABLE cluster (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    identity text NOT NULL,
    place text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE cluster IS 'The data directory that holds the bytes of the clips here: two clusters do not share a database.';

-- ---------------------------------------------------------------- sessions of others

-- The sessions in this database whose role is an analyst's or an operator's: what they are at, how many locks they hold,
-- and whether one of ours waits for them. A text tells two moments of a session apart, whatever the calendar says.
CREATE FUNCTION lesser_sessions()
RETURNS TABLE (
    process integer, login text, session text, transaction text, statement text, is_idle boolean, locks bigint,
    blocks_us boolean)
LANGUAGE sql VOLATILE AS $$
    WITH waited_for AS (
        SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_stat_activity
        WHERE usename = current_user AND datname = current_database() AND wait_event_type = 'Lock'
    ), held AS (
        SELECT pid, count(*) AS locks FROM pg_locks GROUP BY pid
    )
    SELECT a.pid, a.usename::text, a.backend_start::text, a.xact_start::text, a.state_change::text,
           a.state LIKE 'idle%', coalesce(held.locks, 0), waited_for.pid IS NOT NULL
    FROM pg_stat_activity a LEFT JOIN waited_for USING (pid) LEFT JOIN held USING (pid)
    WHERE a.datname = current_database() AND a.usename <> current_user AND a.backend_type = 'client backend'
        AND EXISTS (
            SELECT FROM pg_roles r WHERE r.rolname IN ('auscult_analyst', 'auscult_operator')
                AND pg_has_role(a.usesysid, r.oid, 'MEMBER'))
        AND NOT (SELECT rolsuper FROM pg_roles r WHERE r.oid = a.usesysid)
$$;

-- ---------------------------------------------------------------- who may do what

DO $$
DECLARE
    given regprocedure;
    reader text;
BEGIN
    -- Whoever waits for somebody else's order or scale gives up soon.
    FOR given IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'auscult'::regnamespace AND proname IN ('pause_queue', 'resume_queue',
            'cancel_clips', 'cancel_jobs', 'retry_dead_letters', 'drop_dead_letters', 'scale_fleet', 'set_retention')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET lock_timeout = ''2s''', given);
    END LOOP;
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auscult FROM PUBLIC;
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION first_job, never_scored, area_under_curve, auc_add, pauc_add, curve_area TO %I',
            reader);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION auc(double precision, boolean), pauc(double precision, boolean, double precision) '
            'TO %I', reader);
    END LOOP;
END
$$;

-- What a server lets us do for ourselves; on others an administrator does it, and README.md says how.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;
END
$$;
DO $$
BEGIN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN NULL;
END
$$;
DO $$
DECLARE
    lesser text;
BEGIN
    FOREACH lesser IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', lesser);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10min''', lesser);
        EXECUTE format('ALTER ROLE %I SET max_parallel_workers_per_gather = 1', lesser);
    END LOOP;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL;
END
$$;
-- Whoever is a member of their roles sees and may end their sessions; a server before 16 gives no other way to say so.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 160000 THEN
        EXECUTE 'GRANT auscult_analyst, auscult_operator TO CURRENT_USER WITH INHERIT TRUE, SET FALSE';
    ELSE
        GRANT auscult_analyst, auscult_operator TO CURRENT_USER;
    END IF;
EXCEPTION WHEN insufficient_privilege OR undefined_object OR invalid_grant_operation THEN NULL;
END
$$;

-- A login of somebody's own that is a member of a lesser role: the same limits, and visible to us.
CREATE FUNCTION supervise_login(login text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', login);
    EXECUTE format('ALTER ROLE %I SET search_path = auscult, public', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''5min''', login);
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10min''', login);
    EXECUTE format('ALTER ROLE %I SET max_parallel_workers_per_gather = 1', login);
    IF current_setting('server_version_num')::integer >= 160000 THEN
        EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE, SET FALSE', login);
    ELSIF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', login);
    END IF;
END
$$;
COMMENT ON FUNCTION supervise_login IS 'For whoever may make roles: bounds a login and lets the broker see and end its sessions.';
REVOKE EXECUTE ON FUNCTION supervise_login FROM PUBLIC;
