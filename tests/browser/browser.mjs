// A headless Chromium, a page that is signed in, and what every journey checks of a page.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

const web = path.resolve(import.meta.dirname, "../../apps/web");
const require = createRequire(path.join(web, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** The running stack as `askpanel up --json` described it, and `data`, its folder. */
export const stack = JSON.parse(process.env.ASKPANEL_STACK ?? "{}");
const shots = path.join(web, "screenshots");

export function tenant(slug = "acme") {
  return stack.tenants.find((one) => one.slug === slug);
}

export function user(name = "member", slug = "acme") {
  return tenant(slug).users.find((one) => one.email.startsWith(`${name}@`));
}

export async function launch() {
  return await chromium.launch({
    executablePath: process.env.ASKPANEL_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A fresh browser profile with one page. `problems` collects what no journey may cause: errors on the console,
 * exceptions, and requests to anywhere but the gateway. Failed loads are told by the journeys themselves.
 */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, colorScheme: "light", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(`exception: ${error.stack ?? error}`));
  page.on("console", (message) => {
    const failedLoad = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !failedLoad) problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && ![stack.url, stack.auth_url].includes(url.origin)) problems.push(`request elsewhere: ${url}`);
  });
  return { context, page, problems };
}

/** kill -9 of a service of the stack, and wait until another process stands in its place. */
export async function kill(service) {
  const pid = () => JSON.parse(readFileSync(path.join(stack.data, "stack.json"), "utf8")).pids[service];
  const before = pid();
  process.kill(before, "SIGKILL");
  for (const end = Date.now() + 30_000; [before, null, undefined].includes(pid()); await setTimeout(50)) {
    assert.ok(Date.now() < end, `${service} was not started again`);
  }
}

/** Stop a process of the stack (it does nothing, and is not ended) until the answer is called. */
export function pause(service) {
  const pid = JSON.parse(readFileSync(path.join(stack.data, "stack.json"), "utf8")).pids[service];
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

/** The cards are those of the log: every answer and every silent seat once, nothing else. */
export async function complete(page, id, who = {}) {
  const { events } = await api("GET", `/panels/${id}/events`, undefined, who);
  const place = (one) => `${one.round_number}/${one.step}/${one.seat}/${one.purpose}`;
  const answers = events.filter((one) => one.event === "response_added");
  const answered = new Set(answers.map(place));
  const silent = new Set(events.filter((one) => one.event === "expert_failed").map(place).filter((one) => !answered.has(one)));
  const shown = await page.locator(".answer").evaluateAll((cards) => cards.map((card) => card.id));
  assert.deepEqual(
    shown.filter(Boolean).toSorted(),
    answers.map((one) => `answer-${one.response_id}`).toSorted(),
    "the cards are not the log's answers",
  );
  assert.equal(shown.length, answers.length + silent.size);
}

/** The link that `make run` prints: it signs in as somebody. */
export function link(where = "/", { as = "member", slug = "acme" } = {}) {
  return `${stack.url}${where}#token=${user(as, slug).token}&tenant=${tenant(slug).id}`;
}

/** Open a page as somebody by such a link, also where somebody else is signed in. */
export async function enter(page, where = "/", who = {}) {
  const opened = () => page.waitForSelector("#content h1, main.page [role=alert]");
  await page.goto(link(where, who));
  await page.waitForFunction(() => location.hash === "");
  await opened();
  const offered = page.getByRole("button", { name: "Continue by the link" });
  if ((await offered.count()) === 0) return;
  await offered.click();
  await offered.waitFor({ state: "detached" });
  await opened();
}

/** The REST interface, for what a journey needs beside the page. */
export async function api(method, where, body, { as = "member", slug = "acme" } = {}) {
  const response = await fetch(`${stack.url}/api/v1${where}`, {
    method,
    headers: {
      Authorization: `Bearer ${user(as, slug).token}`,
      "X-Tenant-ID": tenant(slug).id,
      "Content-Type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${where}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** A panel as the tables have it, which follow the log. */
export async function listed(id, who = {}) {
  for (const end = Date.now() + 15_000; ; await setTimeout(50)) {
    try {
      return await api("GET", `/panels/${id}`, undefined, who);
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Ask a panel behind the page's back; its id. */
export async function ask(panelType, more = {}, who = {}) {
  const query = "Should we launch the new insulin in Brazil before the EU?";
  return (await api("POST", "/panels", { query, panel_type: panelType, ...more }, who)).id;
}

/** A seat that writes for two minutes (the stack's script): a panel with it is at work as long as a test looks. */
const SLOW = "operations-leader";

/** A panel that does not end by itself while a test looks at it; stop it with `stop`. */
export async function busy(panelType, more = {}) {
  const agents = ["product-manager", SLOW, "eu-mdr-specialist", "strategy-consultant", "finance-director"];
  return await ask(panelType, { agents, ...more });
}

export async function stop(id) {
  await api("POST", `/panels/${id}/cancel`, { reason: "seen enough" });
}

/** Press Tab until what is wanted has the focus; it must show that it has. */
export async function tabTo(page, wanted, most = 80) {
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement || element.contains(document.activeElement))) {
      // The outline may stand on what holds the control (a card), not on the control itself.
      const shown = await page.evaluate(() => {
        for (let at = document.activeElement; at !== null; at = at.parentElement)
          if (getComputedStyle(at).outlineStyle !== "none") return true;
        return false;
      });
      assert.ok(shown, `the focus on ${wanted} is not shown`);
      return;
    }
  }
  assert.fail(`no way by Tab to ${wanted}`);
}

/** Wait until the shown panel has a state. */
export async function until(page, status, timeout = 60_000) {
  await page.waitForSelector(`main[data-status="${status}"]`, { timeout });
}

/**
 * axe finds nothing (WCAG 2.2 A and AA, and its best practices), and nothing is wider than the page.
 * `only` names the rules to check; absent: all.
 */
export async function accessible(page, what, only) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (rules) => window.axe.run(document, { resultTypes: ["violations"], ...(rules && { runOnly: rules }) }),
    only,
  );
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("\n  ")}`,
  );
  assert.deepEqual(found, [], `${what} is not accessible`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 1, `${what} is ${wider} px wider than the window`);
}

/**
 * A picture of the page in light and dark, for people to look at; both are checked too.
 * ASKPANEL_PICTURES=off only checks.
 */
export async function picture(page, name, { check = true, full = true, schemes = ["light", "dark"] } = {}) {
  mkdirSync(shots, { recursive: true });
  for (const scheme of schemes) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, scheme);
    if (full) await page.evaluate(() => scrollTo(0, 0)); // a sticky header stands where it belongs
    // The same page in other colours: only what depends on them can differ.
    if (check) await accessible(page, `${name} (${scheme})`, scheme === "dark" ? ["color-contrast"] : undefined);
    if (process.env.ASKPANEL_PICTURES !== "off") await page.screenshot({ path: path.join(shots, `${name}-${scheme}.png`), fullPage: full });
  }
  await page.emulateMedia({ colorScheme: "light" });
}
