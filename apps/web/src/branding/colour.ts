/** A tenant's colour, made fit to be read: contrast by WCAG 2.2, lightness moved, hue kept. Pure. */

type Rgb = readonly [number, number, number];

/** `#rgb` or `#rrggbb` (an alpha is left out); null for anything else. */
export function parseHex(text: string): Rgb | null {
  const digits = /^#([0-9a-f]{3,8})$/i.exec(text)?.[1];
  if (digits === undefined || [5, 7].includes(digits.length)) return null;
  const full = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as unknown as Rgb;
}

function hex(colour: Rgb): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Relative luminance, WCAG 2.2. */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** The colour, mixed with black or white just as far as it takes to reach `ratio` against `background`. */
export function readable(text: string, background: string, ratio = 4.5): string | null {
  const colour = parseHex(text);
  const ground = parseHex(background);
  if (colour === null || ground === null) return null;
  const towards = contrast(ground, WHITE) > contrast(ground, BLACK) ? WHITE : BLACK;
  for (let share = 0; share <= 1; share += 0.02) {
    const mixed = colour.map((part, at) => part + ((towards[at] ?? 0) - part) * share) as unknown as Rgb;
    if (contrast(mixed, ground) >= ratio) return hex(mixed);
  }
  return hex(towards);
}

const INK: Rgb = [17, 20, 26];

/** The colour as a button's ground, and the ink on it: white where a little darkening allows it, else near-black. */
export function filled(text: string): { readonly fill: string; readonly ink: string } | null {
  const colour = parseHex(text);
  if (colour === null) return null;
  if (contrast(colour, WHITE) >= 3) return { fill: readable(text, "#ffffff") ?? hex(colour), ink: "#ffffff" };
  return { fill: hex(colour), ink: hex(INK) };
}
