// Types of the REST answers, from the gateway's own description of itself:
//   npm run generate -- <path or URL of openapi.json> [--check]
// `make generate` and `make check` call it where the packages are installed; --check only compares.
// The types of the events come from `make generate` (contracts/messages/typescript).
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const source = process.argv[2];
if (source === undefined) {
  console.error("Which description? npm run generate -- http://127.0.0.1:8080/openapi.json");
  process.exit(2);
}
const text = source.includes("://") ? await (await fetch(source)).text() : await readFile(source, "utf8");
const description = JSON.parse(text);
// Problem documents are read as such by `src/api/problem.ts`: leave their shape out of every answer. The tenant is
// named by `src/api/client.ts` in every request: leave its header out of every call.
for (const operations of Object.values(description.paths)) {
  for (const operation of Object.values(operations)) {
    operation.parameters = operation.parameters?.filter((one) => one.name !== "X-Tenant-ID");
    for (const answer of Object.values(operation.responses ?? {})) {
      delete answer.content?.["application/problem+json"];
    }
  }
}
const types = astToString(await openapiTS(description));
const heading = "// Generated from the gateway's /openapi.json by `npm run generate`. Do not edit.\n\n";
const written = path.join(import.meta.dirname, "../src/api/schema.ts");
if (!process.argv.includes("--check")) {
  await writeFile(written, heading + types);
} else if ((await readFile(written, "utf8")) !== heading + types) {
  console.error("apps/web/src/api/schema.ts is not what the gateway describes today: run `make generate`");
  process.exit(1);
}
