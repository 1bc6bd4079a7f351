-- Logins that see the sites they were given and no others.
--
-- Views belong to auscult_reader, who reads the tables under their policies; a policy asks who is logged in. So the check
-- is made where rows are read, before any function or operator of the asker's sees them, and costs no index its use.

CREATE TABLE login (
    name text COLLATE "C" PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('analyst', 'operator')),
    sites text[] CHECK (sites <> '{}'),
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE login IS 'Logins that were granted by name.';
COMMENT ON COLUMN login.sites IS 'The only sites it may see; NULL for every site.';

CREATE FUNCTION visible_sites() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT sites FROM login WHERE name = session_user
$$;
COMMENT ON FUNCTION visible_sites IS 'The only sites that whoever asks may see; NULL for every site.';

-- For views whose tables know no site.
CREATE FUNCTION sees(site text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    SELECT coalesce(site = ANY ((SELECT sites FROM login WHERE name = session_user)::text[]), true)
$$;

-- Gives every view that was granted to somebody, or that such a view reads, to the reader, and every table with a site a
-- policy. Run again after
-- migrations, so that no later view or table forgets it.
CREATE FUNCTION guard_views() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_reader') THEN RETURN; END IF;
    GRANT SELECT ON ALL TABLES IN SCHEMA auscult TO auscult_reader;
    FOR relation IN
        SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND a.attname = 'site' AND NOT a.attisdropped AND NOT c.relrowsecurity
            AND c.relname NOT IN ('clip_key')
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
        EXECUTE format($policy$
            CREATE POLICY sites ON %s FOR SELECT TO auscult_reader USING (
                (SELECT auscult.visible_sites()) IS NULL OR site = ANY ((SELECT auscult.visible_sites())::text[])
                OR site IS NULL)
            $policy$, relation);
    END LOOP;
    FOR relation IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'auscult'::regnamespace AND relkind = 'v' AND relowner <> 'auscult_reader'::regrole
            AND (EXISTS (
                SELECT FROM aclexplode(relacl) WHERE grantee NOT IN (relowner, 'auscult_reader'::regrole))
            OR EXISTS (
                SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = pg_class.oid AND r.ev_class <> pg_class.oid))
    LOOP
        EXECUTE format('ALTER VIEW %s OWNER TO auscult_reader', relation);
    END LOOP;
    -- Where a table with a site only joins one without, the other's rows are read before the check.
    FOR relation IN
        SELECT r.ev_class
        FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
            JOIN pg_class t ON t.oid = d.refobjid
        WHERE v.relnamespace = 'auscult'::regnamespace AND v.relkind = 'v'
            AND coalesce(NOT 'security_barrier=true' = ANY (v.reloptions), true)
        GROUP BY r.ev_class
        HAVING bool_or(t.relrowsecurity) AND bool_or(t.relkind IN ('r', 'p') AND NOT t.relrowsecurity)
    LOOP
        EXECUTE format('ALTER VIEW %s SET (security_barrier)', relation);
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION guard_views FROM PUBLIC;

-- ---------------------------------------------------------------- views of tables without a site

CREATE OR REPLACE VIEW failed_attempts WITH (security_barrier) AS
SELECT job, attempt, failed_at, code, worker, reason, revived_by
FROM (
    SELECT job, attempt, failed_at, code, worker, reason, NULL::text AS revived_by FROM attempt
    UNION ALL SELECT job, attempt, died_at, code, worker, reason, NULL FROM dead_letter
    UNION ALL SELECT job, attempt, died_at, code, worker, reason, revived_by FROM revival
) AS failure
WHERE EXISTS (SELECT FROM clip c WHERE c.job = failure.job);

CREATE OR REPLACE VIEW damaged WITH (security_barrier) AS
SELECT d.kind, d.subject, d.found_at, d.seen_at, d.reason, c.job, c.site, c.machine_type, c.machine_id, c.name
FROM damage d LEFT JOIN clip c ON c.job = CASE d.kind WHEN 'clip' THEN d.subject::bigint END
WHERE c.job IS NOT NULL OR (SELECT visible_sites()) IS NULL;

CREATE OR REPLACE VIEW queues WITH (security_barrier) AS
SELECT o.site, o.machine_type, count(*) AS waiting,
       greatest(extract(epoch FROM now() - min(o.accepted_at)), 0)::double precision AS oldest_seconds,
       EXISTS (
           SELECT FROM queue_pauses p
           WHERE p.kind IS DISTINCT FROM 'shards' AND coalesce(p.site, o.site) = o.site
               AND coalesce(p.machine_type, o.machine_type) = o.machine_type
       ) AS paused
FROM open_clip o WHERE sees(o.site) GROUP BY o.site, o.machine_type;

-- ---------------------------------------------------------------- orders of those who see some sites

-- Refuses an order to anything but the sites that whoever gives it may see. Jobs of other sites are treated as jobs that
-- do not exist.
CREATE FUNCTION check_order(site text, jobs bigint[]) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    sites CONSTANT text[] := auscult.visible_sites();
BEGIN
    IF sites IS NULL OR site = ANY (sites) THEN RETURN; END IF;
    IF jobs IS NULL THEN
        RAISE EXCEPTION 'the login % may give orders to %: name that site', session_user, array_to_string(sites, ', ');
    END IF;
    IF (SELECT count(DISTINCT job) FROM unnest(jobs) AS job)
        > (SELECT count(*) FROM auscult.clip c WHERE c.job = ANY (jobs) AND c.site = ANY (sites)) THEN
        RAISE EXCEPTION 'not all of these jobs are of %, to which the login % may give orders',
            array_to_string(sites, ', '), session_user;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION give_order(
    action text, kind text, site text, machine_type text, last_job bigint, jobs bigint[], reason text, who text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    IF kind = 'shards' AND (site IS NOT NULL OR machine_type IS NOT NULL) THEN
        RAISE EXCEPTION 'shards of training belong to no site and no machine type: leave those out';
    END IF;
    PERFORM check_order(site, jobs);
    INSERT INTO operator_order AS o (action, kind, site, machine_type, last_job, jobs, reason, given_by)
    VALUES (action, CASE WHEN site IS NOT NULL OR machine_type IS NOT NULL THEN 'clips' ELSE kind END,
        site, machine_type, last_job, jobs, coalesce(reason, ''), coalesce(nullif(who, ''), session_user))
    RETURNING o.number INTO given;
    RETURN given;
END
$$;

CREATE OR REPLACE FUNCTION resume_queue(
    site text DEFAULT NULL, machine_type text DEFAULT NULL, kind text DEFAULT NULL, who text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = auscult, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    lifted bigint;
BEGIN
    PERFORM check_order(site, NULL);
    UPDATE operator_order AS o SET closed_at = now(), closed_by = coalesce(nullif(who, ''), session_user)
    WHERE o.action = 'pause' AND o.closed_at IS NULL
        AND (resume_queue.kind IS NULL OR o.kind = resume_queue.kind)
        AND (resume_queue.site IS NULL OR o.site = resume_queue.site)
        AND (resume_queue.machine_type IS NULL OR o.machine_type = resume_queue.machine_type);
    GET DIAGNOSTICS lifted = ROW_COUNT;
    RETURN lifted;
END
$$;

-- What concerns every site is for those who see every site.
CREATE FUNCTION check_order_to_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM auscult.check_order(NULL, NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER every_site BEFORE INSERT OR UPDATE ON fleet FOR EACH STATEMENT EXECUTE FUNCTION check_order_to_all();
CREATE TRIGGER every_site BEFORE UPDATE ON retention FOR EACH STATEMENT EXECUTE FUNCTION check_order_to_all();

-- ---------------------------------------------------------------- the reader

-- On a server where we may not create roles, its administrator creates auscult_reader and makes us its member before the
-- migration; without it every login sees every site.
DO $$
BEGIN
    CREATE ROLE auscult_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR insufficient_privilege THEN NULL;
END
$$;

DO $$
BEGIN
    IF NOT pg_has_role('auscult_reader', 'member') THEN
        EXECUTE format('GRANT auscult_reader TO %I', current_user);
    END IF;
    GRANT USAGE, CREATE ON SCHEMA auscult TO auscult_reader;
EXCEPTION WHEN undefined_object OR insufficient_privilege THEN NULL;
END
$$;

SELECT guard_views();
