// Beside each script and style of the export its gzip: the gateway sends that to browsers that take it, and
// spends no time on compressing. Run by `npm run build`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { constants, gzipSync } from "node:zlib";

const root = path.join(import.meta.dirname, "../out/_next/static");
for (const file of readdirSync(root, { recursive: true })) {
  if (!/\.(js|css)$/.test(file)) continue;
  const whole = path.join(root, file);
  writeFileSync(`${whole}.gz`, gzipSync(readFileSync(whole), { level: constants.Z_BEST_COMPRESSION }));
}
