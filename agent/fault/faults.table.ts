/**
 * Every operational fault: key, number people can say on the phone, what it is, likely cause, next command.
 * 1xx uplink and credentials · 2xx ports, sessions, drivers · 4xx disk and spool · 5xx configuration and start.
 */
export type FaultRow = { readonly number: string; readonly what: string; readonly likely: string; readonly next: string };

export const FAULTS = {
  "uplink.name_unknown":    { number: "BED-101", what: "The broker's name does not resolve", likely: "a typing error in broker.host, or no DNS on this network", next: "check broker.host in the configuration file, then  bedside status" },
  "uplink.unreachable":     { number: "BED-102", what: "No TCP connection to the broker", likely: "broker down, wrong port, or a firewall between", next: "ask IT whether this box may reach the broker's address and port" },
  "uplink.timed_out":       { number: "BED-103", what: "The broker did not answer in time", likely: "an overloaded network or broker, or a firewall that drops silently", next: "bedside status  shows when the next attempt is made" },
  "uplink.wrong_issuer":    { number: "BED-110", what: "The broker's certificate comes from another authority than expected", likely: "a proxy inspects TLS on this network, or broker.ca names the wrong file", next: "ask IT to let this connection through without inspection, or correct broker.ca" },
  "uplink.wrong_name":      { number: "BED-111", what: "The broker's certificate is for another name", likely: "broker.host is not the name in the certificate", next: "set broker.host to the name that the certificate carries" },
  "uplink.server_expired":  { number: "BED-112", what: "The broker's certificate is not valid at this time", likely: "it has expired, or the clock of this box is wrong", next: "check the time in  bedside status ; otherwise tell central operations" },
  "uplink.server_refused":  { number: "BED-113", what: "The broker's certificate or TLS version was refused", likely: "not TLS 1.3, or a certificate that is not for a server", next: "tell central operations this number and the text above" },
  "uplink.client_refused":  { number: "BED-114", what: "The broker refused this box's certificate", likely: "expired, revoked, or from another authority", next: "tell central operations; the box keeps collecting meanwhile" },
  "uplink.refused":         { number: "BED-115", what: "The broker refused the session (CONNACK)", likely: "this gateway is not known or not allowed there, or the broker is busy", next: "tell central operations this number and the reason code" },
  "uplink.protocol":        { number: "BED-116", what: "The broker sent bytes that are not MQTT 5", likely: "another service on that port, or a broken broker", next: "check broker.port; otherwise tell central operations" },
  "uplink.closed":          { number: "BED-117", what: "The connection to the broker ended", likely: "broker restarted, network cut, or another box with this identity", next: "nothing: the box reconnects by itself and keeps everything meanwhile" },
  "uplink.no_round_trip":   { number: "BED-118", what: "The broker accepted the session but our own message did not come back", likely: "the broker's access rules do not let this gateway read its own up/birth", next: "tell central operations to check the rules for this gateway" },
  "uplink.publish_refused": { number: "BED-119", what: "The broker refused a message (PUBACK)", likely: "its access rules do not let this gateway write this topic", next: "tell central operations; the readings are kept meanwhile" },
  "credentials.unreadable": { number: "BED-130", what: "A certificate or key file cannot be read", likely: "wrong path in the configuration, or no right to read it", next: "check broker.ca, broker.cert and broker.key in the configuration file" },

  "port.missing":           { number: "BED-201", what: "The port does not exist", likely: "the adapter is unplugged", next: "plug it in, then  bedside ports" },
  "port.denied":            { number: "BED-202", what: "No right to open the port", likely: "the service's user is not in the group of the port", next: "add the user to the group dialout, then restart the service" },
  "port.in_use":            { number: "BED-203", what: "The port is in use by another program", likely: "a terminal program or a second agent", next: "close the other program; the port is tried again by itself" },
  "port.not_a_tty":         { number: "BED-204", what: "The path is no serial port", likely: "a wrong path in ports", next: "bedside ports  lists what can be used" },
  "port.open_failed":       { number: "BED-205", what: "The port cannot be opened", likely: "the adapter is faulty", next: "unplug it, plug it in again, then  bedside ports" },
  "port.gone":              { number: "BED-206", what: "The port hung up", likely: "the cable or adapter was unplugged", next: "plug it in again; it is opened by itself" },
  "ports.unlisted":         { number: "BED-207", what: "The ports of this host cannot be listed", likely: "the service may not read /sys, or --sys-root names the wrong folder", next: "check the service's sandbox; devices that are already open are read on" },
  "session.no_frame":       { number: "BED-213", what: "Bytes arrive, but no frame holds", likely: "wrong speed or another model", next: "check the device's serial settings against drivers/README.md" },
  "session.silent":         { number: "BED-214", what: "Silence on the port", likely: "device off, its output not enabled in its menu, or a straight cable where a null-modem is needed", next: "check the device and the cable; reading goes on by itself" },
  "session.quarantined":    { number: "BED-220", what: "The driver failed on a frame and is paused on this port", likely: "a defect of the driver, or a device that it does not fit", next: "send the frame in the log to the driver's author; it is tried again by itself" },
  "port.transmit_refused":  { number: "BED-221", what: "A driver wanted to send bytes that it has not declared", likely: "a defect of the driver", next: "tell the driver's author; nothing was sent" },

  "disk.full":              { number: "BED-401", what: "The disk is full", likely: "logs or other programs on the same disk", next: "free space; live readings go on meanwhile" },
  "disk.read_only":         { number: "BED-402", what: "The disk is read-only", likely: "a failing SD card, or a mount option", next: "replace the SD card; live readings go on meanwhile" },
  "disk.failed":            { number: "BED-403", what: "The disk failed", likely: "a failing SD card", next: "replace the SD card; live readings go on meanwhile" },
  "state.corrupt":          { number: "BED-404", what: "Stored data failed its check and was skipped", likely: "a power cut on a failing SD card", next: "bedside status  tells how much; replace the SD card if it comes again" },
  "runtime.not_tmpfs":      { number: "BED-405", what: "The runtime directory is not in memory (tmpfs)", likely: "--runtime-dir points to a disk", next: "give --runtime-dir a directory below /run" },

  "config.unreadable":      { number: "BED-501", what: "The configuration file cannot be read", likely: "wrong path after --config", next: "check the path" },
  "config.invalid":         { number: "BED-502", what: "The configuration file has mistakes", likely: "the lines named above", next: "correct them and start again; nothing was opened and nothing was sent" },
  "agent.second":           { number: "BED-503", what: "Another agent runs on the same directories", likely: "the service is running", next: "stop it first, or give --state-dir and --runtime-dir of their own" },
  "agent.unreachable":      { number: "BED-504", what: "No agent answers", likely: "the service is not running, or you are not in its group", next: "start the service, then  bedside status" },
  "usage":                  { number: "BED-510", what: "The command was not understood", likely: "a typing error", next: "bedside --help" },
  "agent.addon":            { number: "BED-505", what: "The serial add-on cannot be loaded", likely: "/dev/shm, the runtime and state directories and /tmp are all mounted noexec, or the program file is damaged", next: "let one of them be mounted exec, or install the program file again" },
  "start.environment":      { number: "BED-506", what: "An environment variable is set that could change what the program does", likely: "a setting of the shell or of the service", next: "unset it and start again (in the service: UnsetEnvironment=)" },
  "control.failed":         { number: "BED-507", what: "The control socket cannot be served", likely: "the runtime directory's path is too long, or something else lies there", next: "give a short --runtime-dir; readings go on meanwhile, but status and ports cannot ask this agent" },
  "agent.failed":           { number: "BED-599", what: "The agent stopped by a defect of its own", likely: "a bug", next: "send the text above to the maintainers" },
} as const satisfies Readonly<Record<string, FaultRow>>;

export type FaultKey = keyof typeof FAULTS;
