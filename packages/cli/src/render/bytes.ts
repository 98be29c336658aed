const units = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** A size for people: at most three digits before the point, and one behind it. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let place = 0;
  for (; value >= 1000 && place < units.length - 1; place++) value /= 1024;
  return `${place === 0 ? String(value) : value.toFixed(1)} ${units[place]}`;
}
