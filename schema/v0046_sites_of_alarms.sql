-- Alarms keep to the sites of whoever looks and orders.

CREATE OR REPLACE VIEW alarm_orders WITH (security_barrier) AS
SELECT number, alarm, verb, seconds, label, reason, given_by, login, given_at, closed_at, refusal FROM alarm_order o
WHERE (SELECT visible_sites()) IS NULL OR EXISTS (SELECT FROM alarm a WHERE a.alarm = o.alarm);

CREATE FUNCTION check_alarm_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sites CONSTANT text[] := auscult.visible_sites();
BEGIN
    IF sites IS NOT NULL AND NOT EXISTS (
        SELECT FROM auscult.alarm a WHERE a.alarm = NEW.alarm AND a.site = ANY (sites)
    ) THEN
        RAISE EXCEPTION 'there is no alarm % of %, to which the login % may give orders',
            NEW.alarm, array_to_string(sites, ', '), session_user;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER own_sites BEFORE INSERT ON alarm_order FOR EACH ROW EXECUTE FUNCTION check_alarm_order();
CREATE TRIGGER every_site BEFORE INSERT OR UPDATE ON alarm_setting
    FOR EACH STATEMENT EXECUTE FUNCTION check_order_to_all();

-- ---------------------------------------------------------------- what views ask for those who read them

REVOKE EXECUTE ON FUNCTION rolled_until, visible_sites, sees FROM PUBLIC;

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator', 'auscult_reader'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format('GRANT EXECUTE ON FUNCTION rolled_until, visible_sites, sees TO %I', reader);
    END LOOP;
END
$$;
