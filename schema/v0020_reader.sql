-- The role that views will belong to, and our membership in it.
--
-- Since PostgreSQL 16 whoever makes a role may grant it, and neither acts for it nor gives it anything: that is granted by
-- name. On a server where we may not make roles, an administrator has done both beforehand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_reader') THEN
        CREATE ROLE auscult_reader NOLOGIN;
    END IF;
    IF current_setting('server_version_num')::integer >= 160000 THEN
        EXECUTE 'GRANT auscult_reader TO CURRENT_USER WITH INHERIT TRUE, SET TRUE';
    END IF;
EXCEPTION WHEN duplicate_object OR insufficient_privilege OR invalid_grant_operation THEN NULL;
END
$$;
