-- What consumer.py --sql writes; running it again changes nothing. A record's name is (gateway, run, epoch, stream, n), part tells its
-- values apart. Numbers of the wire have 64 bits without a sign, which PostgreSQL has only as numeric.
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS observation (
  gateway text, run numeric(20), epoch bigint, stream text, n numeric(20), part text,
  kind text NOT NULL,       -- value, wave, alert, event, unreadable
  metric text, code bigint, unit bigint, ucum text, name text, confidence text, unit_refid text, unit_confidence text, category text,
  value text,               -- every digit or letter as it came, the samples of a wave; NULL is an absence
  validity text, reason text,
  chart boolean NOT NULL,   -- may be shown as a patient's value; why_not says why it may not
  why_not text,
  demo boolean, test boolean, stored boolean, contested boolean, volatile boolean, range text,
  device text, socket text, node text, identity text,
  device_time text,         -- the device's own clock, verbatim
  mono_us numeric(20), boot_id text,
  believed_utc_us numeric(20), believed_clock text, -- as the gateway believed then; the view observation_utc knows better
  detail jsonb,
  PRIMARY KEY (gateway, run, epoch, stream, n, part)
);
CREATE INDEX IF NOT EXISTS observation_clock_mapping ON observation (gateway, boot_id) WHERE kind = 'event' AND value = 'clock_mapping';

-- Every row with the best time that is known by now; NULL where no clock of that boot was worth anything.
CREATE OR REPLACE VIEW observation_utc AS
SELECT timestamptz 'epoch' + interval '1 microsecond' * best.utc_us::float8 AS utc, best.clock, best.corrected, o.*,
  CASE WHEN o.detail ->> 'type' = 'decimal' THEN o.value::numeric END AS number
FROM observation o
LEFT JOIN LATERAL (
  SELECT * FROM (
    SELECT o.believed_utc_us AS utc_us, o.believed_clock AS clock, false AS corrected, 0 AS distance
    UNION ALL
    SELECT told.utc_us + o.mono_us - told.mono_us, told.clock, true, abs(o.mono_us - told.mono_us)
    FROM (
      SELECT coalesce((m.detail #>> '{clock_mapping,mono_us}')::numeric, 0) AS mono_us,
        coalesce((m.detail #>> '{clock_mapping,utc_us}')::numeric, 0) AS utc_us,
        lower(replace(m.detail #>> '{clock_mapping,quality}', 'CLOCK_QUALITY_', '')) AS clock
      FROM observation m
      WHERE m.kind = 'event' AND m.value = 'clock_mapping' AND m.gateway = o.gateway AND m.boot_id = o.boot_id
    ) told
  ) candidate
  WHERE clock IN ('synced', 'holdover')
  ORDER BY clock = 'synced' DESC, corrected, distance LIMIT 1
) best ON true;
