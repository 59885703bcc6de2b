/** What the log may say, beside faults. */
export const EVENTS = {
  "agent.started":      "Started",
  "agent.stopped":      "Stopped",
  "run.ended":          "The run before ended",
  "spool.adopted":      "Records of earlier runs are waiting",
  "uplink.online":      "Connected to the broker, and our own birth came back",
  "document":           "Configuration document",
  "port.verdict":       "Port",
  "session.streaming":  "A device speaks",
  "session.ended":      "An attachment ended",
  "fault.detail":       "What programs said of this fault",
  "fault.ended":        "A fault is over",
  "clock.step":         "The clock of this host stepped",
  "records.lost":       "Records are lost",
} as const;
export type EventKey = keyof typeof EVENTS;
