/** Numbers, money and times as people read them. The locale is that of `text/`. */

const LOCALE = "en";

export function percent(share: number): string {
  return share.toLocaleString(LOCALE, { style: "percent", maximumFractionDigits: 0 });
}

const LEAST = 0.00001;

/** US dollars; small amounts keep the digits that tell them from nothing. */
export function money(amount: number | string): string {
  const value = Number(amount);
  if (value > 0 && value < LEAST) return `< ${money(LEAST)}`;
  const digits = value === 0 || value >= 1 ? 2 : value >= 0.01 ? 3 : 5;
  return value.toLocaleString(LOCALE, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
}

export function count(value: number): string {
  return value.toLocaleString(LOCALE);
}

/** A measured number: at most four significant digits, large ones in short. */
export function amount(value: number): string {
  const short = Math.abs(value) >= 100_000;
  return value.toLocaleString(LOCALE, {
    maximumSignificantDigits: 4,
    notation: short ? "compact" : "standard",
  });
}

export function compact(value: number): string {
  return value.toLocaleString(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
}

/** A UTC day (`2026-11-01`) as `Nov 1`. */
export function shortDay(day: string): string {
  return new Date(day).toLocaleDateString(LOCALE, { month: "short", day: "numeric", timeZone: "UTC" });
}

/** Milliseconds as `850 ms`, `4.2 s`, `3 min 05 s`, `1 h 12 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function moment(iso: string): string {
  return new Date(iso).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "short" });
}

export function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** How long ago, in the largest unit that fits. */
export function ago(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
  const size = Math.abs(seconds);
  if (size < 45)
    return relative.format(0, "minute") === "this minute" ? "just now" : relative.format(seconds, "second");
  if (size < 2700) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 79_200) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

export function initials(name: string): string {
  const words = name
    .replace(/^(dr|prof)\.?\s+/i, "")
    .split(/[\s-]+/)
    .filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}
