/** Numbers as a person reads them. */

const STEPS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** "512 B", "1.4 KiB": three digits at most. */
export function bytesText(bytes: number): string {
  const step = Math.min(STEPS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${STEPS[step]}`;
}

/** "41 s", "3 min", "2 h 14 min", "3 d 2 h": cut, never rounded up. */
export function spanText(seconds: number): string {
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit)) as [number, number, number];
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (hours < 1) return `${minutes} min`;
  if (days < 1) return `${hours} h ${minutes % 60} min`;
  return `${days} d ${hours % 24} h`;
}

/** "1 record", "12 records". */
export const countText = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;
