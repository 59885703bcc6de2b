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
  "device.clock_step":  "The clock of a device was set, or jumped",
  "records.lost":       "Records are lost",
  "identify.began":     "A port is identified",
  "identify.ended":     "A port was identified",
  "capture.began":      "A port is recorded",
  "capture.ended":      "A recording ended",
  "capture.released":   "A recording that may name persons left this box",
  "capture.discarded":  "A recording was removed from this box",
} as const;
export type EventKey = keyof typeof EVENTS;
