/** A file that names every key once at least, and admissions that do. The examples and the example of each key are taken from here. */
export const EXAMPLE = {
  format: 1,
  gateway: "gw-58c1e0",
  description: "ICU, room 12",
  broker: { host: "broker.hospital.example", port: 8883, ca: "/etc/bedside/ca.pem", cert: "/etc/bedside/cert.pem", key: "/etc/bedside/key.pem" },
  trust: [
    { id: "ops-1", role: "operations", key: "EXAMPLE/operations/EXAMPLE/operations/EXAMA=" },
    { id: "biomed-1", role: "biomedical", key: "EXAMPLE/biomedical/EXAMPLE/biomedical/EXAMA=" },
  ],
  documents: ["/etc/bedside/admissions.signed"],
  ports: [
    { path: "/tmp/nonin", location: "bench-1" },
    { udp: "192.168.9.20:24105", location: "lan-1" },
  ],
  pace: "100ms",
  window: "250ms",
  spool: { size: "256MiB" },
} as const;

export const EXAMPLE_ADMISSIONS = {
  rules: [
    { when: { location: "usb-0000:00:14.0-1.3:1.0" }, allow: true, device: "dv-00417", driver: "nonin", socket: "ICU-12/B" },
    { when: { location: "bench-1" }, allow: true, device: "dv-bench", driver: "nonin", socket: "bench" },
    { when: { location: "lan-1", address: "192.168.9.20:24105" }, allow: true, device: "dv-00431", driver: "philips-intellivue", socket: "ICU-12/B" },
    { when: { serial: "A10K3XYZ" }, allow: true, device: "dv-00423", driver: "puritan-bennett-840", line: "38400 8N1", socket: "ICU-12/B" },
    { when: { vendor: "0403", product: "6011", interface: "03" }, allow: false, reason: "the fourth port is wired to nothing" },
  ],
} as const;
