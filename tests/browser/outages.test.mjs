// What the page shows while something is away: nothing is missed, nothing is shown twice.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ask, complete, enter, kill, launch, open, pause, picture, stop, until } from "./browser.mjs";

let browser;
let context;
let page;
let problems;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  ({ context, page, problems } = await open(browser));
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(problems, []);
});

// Panels of several steps: still at work when a slow machine has opened the page.
const begun = () => page.locator(".answer").first().waitFor();
const reconnecting = () => page.getByText("Connection lost. Reconnecting…");

test("a reload in the middle of a panel shows it from its first event", async () => {
  const id = await ask("socratic");
  await enter(page, `/panel/?id=${id}`);
  await begun();
  await page.reload();
  await page.locator(".answer").first().waitFor();
  await until(page, "completed");
  await complete(page, id);
});

test("a lost network is told at once, and caught up with when it is back", async () => {
  const id = await ask("adversarial");
  await enter(page, `/panel/?id=${id}`);
  await begun();
  await context.setOffline(true);
  await reconnecting().waitFor();
  assert.equal(await page.getAttribute("main", "data-link"), "reconnecting");
  await picture(page, "panel-reconnecting", { full: false });
  await context.setOffline(false);
  await until(page, "completed");
  assert.equal(await reconnecting().count(), 0);
  await complete(page, id);
});

test("a panel that the tables do not have yet is asked again, once they have it", async () => {
  const goOn = pause("projector");
  try {
    const id = await ask("socratic");
    await enter(page, `/panel/?id=${id}`);
    await begun();
    await stop(id);
    await until(page, "failed");
    await page.getByText("Export", { exact: true }).click();
    await page.getByRole("button", { name: "JSON" }).click();
    await page.getByText("The tables are behind the log: the panel may not be there yet.").waitFor();
    await page.getByRole("button", { name: "Ask again" }).click();
    await page.getByText("The tables are behind the log: the panel may not be there yet.").waitFor();
    await picture(page, "new-panel-again-behind", { full: false });
    assert.equal(await page.getByLabel("Your question").count(), 0);
  } finally {
    goOn();
  }
  await page.getByText("The same question again").waitFor();
  assert.match(await page.getByLabel("Your question").inputValue(), /insulin/);
});

test("a gateway killed in the middle of a panel is waited for, and its successor resumed from", async () => {
  const id = await ask("socratic");
  await enter(page, `/panel/?id=${id}`);
  await begun();
  await kill("gateway");
  await until(page, "completed");
  await complete(page, id);
});

test("a page that sleeps through a whole panel shows all of it on waking", async () => {
  const id = await ask("open");
  await enter(page, `/panel/?id=${id}`);
  await page.locator(".answer").first().waitFor();
  await context.setOffline(true);
  await reconnecting().waitFor();
  const other = await open(browser);
  await enter(other.page, `/panel/?id=${id}`);
  await until(other.page, "completed");
  await other.context.close();
  await context.setOffline(false);
  await until(page, "completed");
  await complete(page, id);
});

test("two tenants look at their own panels at once, and at nothing of each other's", async () => {
  const acme = await ask("structured");
  const globex = await ask("structured", { query: "Should Globex buy the plant in Lyon?" }, { as: "owner", slug: "globex" });
  const other = await open(browser);
  await Promise.all([
    enter(page, `/panel/?id=${acme}`),
    enter(other.page, `/panel/?id=${globex}`, { as: "owner", slug: "globex" }),
  ]);
  await Promise.all([until(page, "completed"), until(other.page, "completed")]);
  await complete(page, acme);
  await complete(other.page, globex, { as: "owner", slug: "globex" });
  await enter(other.page, "/", { as: "owner", slug: "globex" });
  await other.page.locator(".panel-card").first().waitFor();
  assert.equal(await other.page.locator(`a[href$="${acme}"]`).count(), 0);
  assert.deepEqual(other.problems, []);
  await other.context.close();
});
