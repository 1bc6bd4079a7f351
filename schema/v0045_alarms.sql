-- From score to decision: the state of every machine, and its alarms.
--
-- The broker that leads decides: it folds results into states and alarms, and carries out what operators ask, which
-- stands in alarm_order until then. Events are append-only; the rows of alarm say what they have come to.

-- ---------------------------------------------------------------- what the broker writes

CREATE TABLE machine_watch (
    site text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    state text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    heard_at timestamptz NOT NULL DEFAULT now(),
    job bigint NOT NULL,
    fold jsonb NOT NULL,
    PRIMARY KEY (site, machine_type, machine_id)
);
COMMENT ON TABLE machine_watch IS 'What each machine''s clips have come to; another broker goes on from here.';

CREATE TABLE machine_state_interval (
    site text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    state text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    job bigint
);
CREATE INDEX ON machine_state_interval (machine_type, machine_id, began_at);
CREATE UNIQUE INDEX ON machine_state_interval (site, machine_type, machine_id) WHERE ended_at IS NULL;
COMMENT ON TABLE machine_state_interval IS 'The states of each machine, one after the other.';

CREATE TABLE alarm (
    alarm bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    machine_type text NOT NULL,
    machine_id text NOT NULL,
    kind text NOT NULL,
    isa text NOT NULL,
    state text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    priority integer NOT NULL,
    guidance text NOT NULL,
    condition jsonb NOT NULL,
    UNIQUE (site, machine_type, machine_id, kind)
);
CREATE INDEX ON alarm (isa) WHERE isa <> 'A';
COMMENT ON TABLE alarm IS 'One alarm per machine and kind, and what its events have come to.';

CREATE TABLE alarm_event (
    event bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm bigint NOT NULL REFERENCES alarm,
    at timestamptz NOT NULL DEFAULT now(),
    event_type text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    until timestamptz,
    label text,
    job bigint,
    model_version text
);
CREATE INDEX ON alarm_event (alarm, event);
CREATE INDEX ON alarm_event (at);
COMMENT ON TABLE alarm_event IS 'Everything that ever happened to alarms. Rows are never changed.';

-- ---------------------------------------------------------------- what people write

CREATE TABLE alarm_order (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm bigint NOT NULL,
    verb text NOT NULL CHECK (verb IN ('acknowledge', 'shelve', 'shelve-once', 'unshelve', 'take-out-of-service',
        'return-to-service', 'comment', 'close')),
    seconds double precision CHECK (seconds BETWEEN 0 AND 1e9),
    label text CHECK (label IN ('confirmed-fault', 'false-alarm', 'machine-changed', 'sensor-moved')),
    reason text NOT NULL CHECK (length(reason) <= 1000),
    given_by text NOT NULL CHECK (length(given_by) <= 256),
    login text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    refusal text,
    CHECK (verb <> 'shelve' OR seconds IS NOT NULL),
    CHECK (verb <> 'close' OR label IS NOT NULL)
);
CREATE INDEX ON alarm_order (number) WHERE closed_at IS NULL;
COMMENT ON TABLE alarm_order IS 'What operators ask of alarms; the broker closes each, with the reason if it is refused.';

CREATE TABLE alarm_setting (
    machine_type text NOT NULL,
    machine_id text NOT NULL DEFAULT '',
    policy jsonb,
    priority integer CHECK (priority BETWEEN 1 AND 3),
    guidance text CHECK (length(guidance) <= 1000),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (machine_type, machine_id)
);
COMMENT ON TABLE alarm_setting IS 'When a machine''s alarms are raised and what they say; an empty ID stands for its type.';

CREATE FUNCTION order_alarm(
    alarm bigint, verb text, reason text DEFAULT '', seconds double precision DEFAULT NULL, label text DEFAULT NULL,
    who text DEFAULT NULL)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    INSERT INTO alarm_order (alarm, verb, reason, seconds, label, given_by)
    VALUES (alarm, verb, coalesce(reason, ''), seconds, label, coalesce(nullif(who, ''), session_user))
    RETURNING number
$$;
COMMENT ON FUNCTION order_alarm IS
    'Asks something of an alarm: acknowledge, shelve (for seconds), shelve-once, unshelve, take-out-of-service,
return-to-service, comment or close (with a label). Returns the order''s number; alarm_orders says what came of it.';

CREATE FUNCTION set_alarms(
    machine_type text, machine_id text, policy jsonb, priority integer, guidance text, who text DEFAULT NULL)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = auscult, pg_temp AS $$
    INSERT INTO alarm_setting AS s (machine_type, machine_id, policy, priority, guidance, set_by)
    VALUES (machine_type, coalesce(machine_id, ''), policy, priority, guidance,
        coalesce(nullif(who, ''), session_user))
    ON CONFLICT ON CONSTRAINT alarm_setting_pkey DO UPDATE SET
        policy = coalesce(excluded.policy, s.policy), priority = coalesce(excluded.priority, s.priority),
        guidance = coalesce(excluded.guidance, s.guidance), set_by = excluded.set_by, set_at = now()
$$;
COMMENT ON FUNCTION set_alarms IS
    'Sets when alarms of a machine, or of a type without ID, are raised, how urgent they are and what to do. NULL keeps.';

-- ---------------------------------------------------------------- what people see

CREATE VIEW machine_state AS
SELECT site, machine_type, machine_id, state, since, heard_at AS last_clip, job FROM machine_watch;
COMMENT ON VIEW machine_state IS 'Every machine in one word: learning, normal, watch, alarm, sensor fault or no data.';

CREATE VIEW machine_state_intervals AS
SELECT site, machine_type, machine_id, state, began_at, ended_at,
       extract(epoch FROM coalesce(ended_at, now()) - began_at)::double precision AS seconds, job
FROM machine_state_interval;
COMMENT ON VIEW machine_state_intervals IS 'From when until when a machine was in a state; the open one has no end.';

CREATE VIEW alarm_list AS
SELECT a.alarm, a.site, a.machine_type, a.machine_id, a.kind, a.state, a.isa, a.since,
       coalesce(own.priority, of_type.priority, a.priority) AS priority,
       coalesce(own.guidance, of_type.guidance, a.guidance) AS guidance,
       last.raised_at, last.job, last.model_version, shelved.until AS shelved_until, shelved.reason AS shelved_because
FROM alarm a
LEFT JOIN alarm_setting own ON own.machine_type = a.machine_type AND own.machine_id = a.machine_id
LEFT JOIN alarm_setting of_type ON of_type.machine_type = a.machine_type AND of_type.machine_id = ''
LEFT JOIN LATERAL (
    SELECT e.at AS raised_at, e.job, e.model_version FROM alarm_event e
    WHERE e.alarm = a.alarm AND e.event_type = 'raised' ORDER BY e.event DESC LIMIT 1) AS last ON true
LEFT JOIN LATERAL (
    SELECT e.until, e.reason FROM alarm_event e
    WHERE e.alarm = a.alarm AND a.isa = 'E' AND e.event_type = 'shelved' ORDER BY e.event DESC LIMIT 1
    ) AS shelved ON true;
COMMENT ON VIEW alarm_list IS 'Every alarm there ever was, also those that are normal now.';

CREATE VIEW alarm_now AS SELECT * FROM alarm_list WHERE isa <> 'A';
COMMENT ON VIEW alarm_now IS
    'The alarms that are not normal, with the ISA-18.2 letter, what to do, and the clip and version behind each.';

CREATE VIEW alarm_events AS
SELECT e.event, e.alarm, a.site, a.machine_type, a.machine_id, a.kind, e.at, e.event_type, e.who, e.reason, e.until,
       e.label, e.job, e.model_version
FROM alarm_event e JOIN alarm a USING (alarm);
COMMENT ON VIEW alarm_events IS 'Everything that happened to alarms, and who did it.';

CREATE VIEW alarm_settings AS
SELECT machine_type, machine_id, policy, priority, guidance, set_by, set_at FROM alarm_setting;
COMMENT ON VIEW alarm_settings IS 'Machines, or types where the ID is empty, whose alarms follow rules of their own.';

CREATE VIEW alarm_orders AS
SELECT number, alarm, verb, seconds, label, reason, given_by, login, given_at, closed_at, refusal FROM alarm_order;
COMMENT ON VIEW alarm_orders IS 'What operators asked of alarms; refusal says why something was not done.';

CREATE VIEW alarm_intervals AS
SELECT r.alarm, a.site, a.machine_type, a.machine_id, a.kind, r.at AS began_at, c.at AS ended_at,
       k.at AS acknowledged_at, k.who AS acknowledged_by, l.label, l.who AS labelled_by, r.job, r.model_version
FROM (
    SELECT *, lead(event) OVER (PARTITION BY alarm ORDER BY event) AS next_event
    FROM alarm_event WHERE event_type = 'raised'
) AS r JOIN alarm a USING (alarm)
LEFT JOIN LATERAL (
    SELECT e.at FROM alarm_event e WHERE e.alarm = r.alarm AND e.event_type = 'cleared' AND e.event > r.event
        AND (r.next_event IS NULL OR e.event < r.next_event) ORDER BY e.event LIMIT 1) AS c ON true
LEFT JOIN LATERAL (
    SELECT e.at, e.who FROM alarm_event e WHERE e.alarm = r.alarm AND e.event_type IN ('acknowledged', 'closed')
        AND e.event > r.event AND (r.next_event IS NULL OR e.event < r.next_event) ORDER BY e.event LIMIT 1
    ) AS k ON true
LEFT JOIN LATERAL (
    SELECT e.label, e.who FROM alarm_event e WHERE e.alarm = r.alarm AND e.event_type = 'closed'
        AND e.event > r.event AND (r.next_event IS NULL OR e.event < r.next_event) ORDER BY e.event LIMIT 1
    ) AS l ON true;
COMMENT ON VIEW alarm_intervals IS 'Each occurrence of an alarm: when it began and ended, who acknowledged it, its label.';

CREATE VIEW alarm_performance AS
SELECT site, day, count(*) AS alarms, count(*) / 144.0::double precision AS alarms_per_ten_minutes,
       max(in_slot) AS most_in_ten_minutes,
       count(DISTINCT slot) FILTER (WHERE in_slot > 10) / 144.0::double precision AS flood_share,
       count(*) FILTER (WHERE began_at - before < interval '1 minute') AS chattering,
       count(*) FILTER (WHERE coalesce(ended_at, now()) - began_at > interval '24 hours') AS stale,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - began_at)::double precision)
           AS acknowledged_p50_seconds,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - began_at)::double precision)
           AS acknowledged_p95_seconds,
       count(*) FILTER (WHERE label = 'confirmed-fault') AS confirmed_faults,
       count(*) FILTER (WHERE label = 'false-alarm') AS false_alarms
FROM (
    SELECT i.*, (began_at AT TIME ZONE 'UTC')::date AS day, slot,
           count(*) OVER (PARTITION BY site, slot) AS in_slot,
           lag(began_at) OVER (PARTITION BY alarm ORDER BY began_at) AS before
    FROM alarm_intervals i,
        LATERAL (SELECT floor(extract(epoch FROM began_at) / 600)::bigint AS slot) AS ten_minutes
) AS occurrence
GROUP BY site, day;
COMMENT ON VIEW alarm_performance IS
    'The figures of EEMUA 191 by site and day (UTC): rates, floods (more than ten in ten minutes), chattering, stale.';

-- ---------------------------------------------------------------- who may do what

REVOKE EXECUTE ON FUNCTION order_alarm, set_alarms FROM PUBLIC;

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['auscult_analyst', 'auscult_operator'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format('GRANT SELECT ON machine_state, machine_state_intervals, alarm_list, alarm_now, alarm_events,
            alarm_settings, alarm_orders, alarm_intervals, alarm_performance TO %I', reader);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auscult_operator') THEN
        GRANT EXECUTE ON FUNCTION order_alarm, set_alarms TO auscult_operator;
    END IF;
END
$$;
