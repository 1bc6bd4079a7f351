-- The fleet: how many workers there should be, what those there are do, and who may give orders.

ALTER TABLE fleet ADD COLUMN wish bigint NOT NULL DEFAULT 1;
ALTER TABLE fleet ADD COLUMN wished_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN fleet.wish IS 'Counts the wishes, so that the same number wished again is a new wish.';

ALTER TABLE worker ADD COLUMN doing text NOT NULL DEFAULT '';
COMMENT ON COLUMN worker.doing IS 'The job it was at when the broker last wrote the row; empty when it waited for one.';

CREATE OR REPLACE VIEW workers AS
SELECT name, host, process, leased, credits, draining, finished, seen_at,
       now() - seen_at < interval '15 seconds' AS alive, doing
FROM worker;

CREATE VIEW fleet_now AS
SELECT (SELECT workers FROM fleet) AS wanted, count(*) FILTER (WHERE alive) AS running,
       count(*) FILTER (WHERE alive AND draining) AS draining, coalesce(sum(leased), 0) AS leased
FROM workers;
COMMENT ON VIEW fleet_now IS 'How many workers an operator wants (NULL: nobody has asked) and how many there are.';

-- ---------------------------------------------------------------- orders

-- Asks the supervisor for a number of workers.
CREATE FUNCTION scale_fleet(wanted integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = auscult, pg_temp AS $$
BEGIN
    IF wanted IS NULL OR wanted NOT BETWEEN 0 AND 4096 THEN
        RAISE EXCEPTION 'a fleet of % workers is out of range, which is 0 to 4096', wanted;
    END IF;
    INSERT INTO fleet (workers) VALUES (wanted)
    ON CONFLICT (only_row) DO UPDATE SET (workers, wish, wished_at) = (wanted, fleet.wish + 1, now());
    PERFORM pg_notify('auscult_fleet_changed', '');
END
$$;
REVOKE ALL ON FUNCTION scale_fleet(integer) FROM PUBLIC;

-- ---------------------------------------------------------------- operators

-- On a server where we may not create roles, its administrator creates auscult_operator before the migration.
DO $$
BEGIN
    CREATE ROLE auscult_operator NOLOGIN;
EXCEPTION WHEN duplicate_object OR insufficient_privilege THEN NULL;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_operator') THEN
        GRANT USAGE ON SCHEMA auscult TO auscult_operator;
        GRANT SELECT ON dead_letters, workers, queue_now, fleet_now, training_runs TO auscult_operator;
        GRANT EXECUTE ON FUNCTION scale_fleet(integer) TO auscult_operator;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_analyst') THEN
        GRANT SELECT ON fleet_now TO auscult_analyst;
    END IF;
END
$$;

DO $$
BEGIN
    ALTER ROLE auscult_operator SET search_path = auscult, public;
    ALTER ROLE auscult_operator SET statement_timeout = '5min';
EXCEPTION WHEN undefined_object OR insufficient_privilege THEN NULL;
END
$$;
