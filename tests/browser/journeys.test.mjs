// What people do with Ask Panel, in a real browser against the real stack.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { accessible, api, ask, busy, complete, enter, launch, link, listed, open, picture, stack, stop, tabTo, tenant, until, user } from "./browser.mjs";

const QUESTION = "Should we launch the new insulin in Brazil before the EU?";
const DEMONSTRATION = "Answers by a scripted model: a demonstration, not advice.";

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

describe("signing in", () => {
  test("asks for a token where there is no sign-in, and says why one is refused", async () => {
    await page.route("**/config.json", (route) => route.fulfill({ json: {} }));
    await page.goto(stack.url);
    await page.getByLabel("Access token").waitFor();
    await picture(page, "sign-in");
    await page.getByLabel("Access token").fill("nonsense");
    await page.getByLabel("Tenant id").fill("acme");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("A tenant id looks like").waitFor();
    await page.getByLabel("Tenant id").fill(tenant().id);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This token was refused.").waitFor();
    await picture(page, "sign-in-refused");
    await page.getByLabel("Access token").fill(user().token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
  });

  test("takes token and tenant from the fragment once, and removes them from the address", async () => {
    await enter(page, "/experts/");
    assert.equal(page.url(), `${stack.url}/experts/`);
    assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 1); // the tenants' names
  });

  test("takes e-mail and password where the installation has a sign-in, and stays signed in over a reload", async () => {
    await signIn(page, user(), "not this one");
    await page.getByText("Invalid login credentials").waitFor();
    await picture(page, "sign-in-password");
    await page.getByLabel("Password").fill(user().password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
    // A token that has run out is renewed, and what it was refused is asked again.
    const tokens = [];
    await page.route("**/api/v1/panels?*", (route) => {
      tokens.push(route.request().headers()["authorization"]);
      return tokens.length === 1 ? route.fulfill({ status: 401, json: { title: "Unauthorized" } }) : route.continue();
    });
    await page.reload();
    await page.locator(".panel-card, .empty").first().waitFor();
    assert.ok(tokens.length > 1 && tokens[1] !== tokens[0], "asked again with the same token");
    assert.equal(await page.getByRole("heading", { name: "Sign in" }).count(), 0);
  });

  const signIn = async (tab, who, password = who.password) => {
    await tab.goto(stack.url);
    await tab.getByLabel("Email").fill(who.email);
    await tab.getByLabel("Password").fill(password);
    await tab.getByLabel("Tenant").selectOption(tenant().id);
    await tab.getByRole("button", { name: "Sign in" }).click();
  };
  const tokenIn = (tab) => tab.evaluate(() => JSON.parse(sessionStorage.getItem("askpanel.session")).token);

  test("of two users in two tabs neither becomes the other", async () => {
    await signIn(page, user("owner"));
    await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
    const before = await tokenIn(page);
    // Heard after Supabase's own client in this tab, which began to listen first.
    await page.evaluate(() => {
      window.told = new Promise((resolve) => {
        new BroadcastChannel("askpanel.supabase").onmessage = ({ data }) => data.event === "SIGNED_IN" && resolve();
      });
    });
    const other = await context.newPage();
    await signIn(other, user("member"));
    await other.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
    await page.evaluate(() => window.told);
    assert.equal(await tokenIn(page), before);
    await page.getByLabel("Account").click();
    await page.locator(".menu-title", { hasText: user("owner").email }).waitFor();
    assert.notEqual(await tokenIn(other), before);
  });

  test("out while the sign-in is not reached leaves nothing in the tab", async () => {
    await signIn(page, user());
    await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
    let asked = 0;
    await page.route(`${stack.auth_url}/**`, (route) => {
      asked += 1;
      return route.abort();
    });
    await page.getByLabel("Account").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.waitForFunction(() => sessionStorage.length === 0);
    assert.ok(asked > 0);
    assert.ok(problems.every((problem) => problem.startsWith("console: TypeError: Failed to fetch"))); // told by its client
    problems.length = 0;
  });

  test("by a link asks who is signed in as somebody else", async () => {
    await enter(page, "/", { as: "owner", slug: "globex" });
    const before = await tokenIn(page);
    for (const answer of ["Stay signed in as I am", "Continue by the link"]) {
      await page.goto(link("/"));
      await page.getByRole("heading", { name: `Continue as ${user().email} in ` }).waitFor();
      assert.equal(await tokenIn(page), before);
      await picture(page, "sign-in-offer");
      await page.getByRole("button", { name: answer }).click();
      await page.getByRole("heading", { name: "Panels", level: 1 }).waitFor();
      assert.equal((await tokenIn(page)) === before, answer.startsWith("Stay"));
    }
  });

  test("by a link is done on a local stack only", async () => {
    await page.route("**/config.json", async (route) => {
      const response = await route.fetch();
      return route.fulfill({ response, json: { ...(await response.json()), local: false } });
    });
    await page.goto(link("/"));
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(page.url(), `${stack.url}/`);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });
});

describe("asking", () => {
  test("a question becomes a panel, once, and its answers are watched to the result", async () => {
    await enter(page, "/new/");
    await page.getByLabel("Your question").fill("Short");
    await page.getByRole("button", { name: "Ask the panel" }).click();
    await page.getByText("At least 10 characters.").waitFor();
    await picture(page, "new-panel-faults");
    await page.getByLabel("Your question").fill(QUESTION);
    await page.locator(".chosen li").nth(4).waitFor();
    const posts = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/api/v1/panels")) posts.push(request);
    });
    await picture(page, "new-panel");
    await page.getByRole("button", { name: "Ask the panel" }).dblclick();
    await page.waitForURL("**/panel/?id=*");
    assert.equal(posts.length, 1);
    assert.ok(posts[0].headers()["idempotency-key"]);
    await page.locator(".answer").first().waitFor();
    await until(page, "completed");
    await page.getByRole("heading", { name: "Recommendation" }).waitFor();
    // Nobody takes a scripted result for advice: it is said once, in the card, above the verdict.
    await page.locator(".recommendation > .demonstration:first-child").getByText(DEMONSTRATION).waitFor();
    assert.equal(await page.getByText(DEMONSTRATION).count(), 1);
    await picture(page, "panel-structured");
    assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("draft")).length), 0);
  });

  test("a draft outlives a reload, and experts are chosen by keyboard", async () => {
    await enter(page, "/new/");
    await page.getByLabel("Your question").fill(QUESTION);
    await page.locator(".chosen li").nth(4).waitFor();
    const first = await page.locator(".chosen strong").first().textContent();
    await page.getByRole("button", { name: `Move ${first} down` }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".chosen strong").nth(1).textContent(), first);
    await page.getByText("Add experts").focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Search experts").fill("patient advocate");
    await page.getByRole("button", { name: "Add Amara Okafor" }).press("Enter");
    await page.getByText("Advanced", { exact: true }).click();
    await page.getByRole("button", { name: "Add an option" }).click();
    await page.getByRole("textbox", { name: "Option 1" }).fill("Brazil first");
    await page.getByRole("button", { name: "Add a text" }).click();
    // What is pasted stays whole, and is refused where it is too long.
    await page.getByLabel("Text 1", { exact: true }).fill("x".repeat(20_001));
    await page.getByText("20001 / 20000").waitFor();
    assert.equal((await page.getByLabel("Text 1", { exact: true }).inputValue()).length, 20_001);
    await picture(page, "new-panel-all");
    await page.reload();
    await page.getByText("6 experts chosen").waitFor();
    assert.equal(await page.getByLabel("Your question").inputValue(), QUESTION);
  });

  test("an either-or question is offered its answers to vote on, and votes on nothing that is not asked for", async () => {
    await enter(page, "/new/");
    const hint = page.getByText("This reads like a choice");
    await page.getByLabel("Your question").fill(QUESTION);
    assert.equal(await hint.count(), 0);
    await page.getByLabel("Your question").fill("Should Anna or Ben lead the launch?");
    await hint.waitFor();
    assert.equal(await page.getByRole("button", { name: /^Vote on/ }).count(), 0);
    await page.getByLabel("Your question").fill("Should we launch the new insulin in Germany or France first?");
    // What changes the vote stands under the question, before how and by whom it is discussed.
    const below = await page.locator("form legend").allTextContents();
    assert.equal(below[0], "Options to choose from");
    await picture(page, "new-panel-choice", { full: false });
    await page.getByRole("button", { name: "Vote on: Germany / France" }).click();
    assert.equal(await page.getByRole("textbox", { name: "Option 1" }).inputValue(), "Germany");
    assert.equal(await page.getByRole("textbox", { name: "Option 2" }).inputValue(), "France");
    assert.equal(await hint.count(), 0);
  });

  test("by keyboard alone a question is asked, and the focus is always seen", async () => {
    await enter(page, "/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await tabTo(page, page.getByRole("link", { name: "New panel" }));
    await page.keyboard.press("Enter");
    await page.getByLabel("Your question").waitFor();
    await tabTo(page, page.getByLabel("Your question"));
    await page.keyboard.type(QUESTION);
    await page.locator(".chosen li").nth(4).waitFor();
    await tabTo(page, page.getByRole("radio", { name: /^Structured/ }));
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getByRole("radio", { name: /^Open/ }).isChecked(), true);
    await tabTo(page, page.getByRole("button", { name: "Ask the panel" }));
    await page.keyboard.press("Enter");
    await page.waitForURL("**/panel/?id=*");
    await until(page, "completed");
  });

  test("a guest reads and cannot ask", async () => {
    await enter(page, "/new/", { as: "guest" });
    await page.getByText("Guests read.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Ask the panel" }).count(), 0);
    await picture(page, "new-panel-guest");
  });
});

describe("the six protocols", () => {
  for (const type of ["open", "socratic", "adversarial"]) {
    test(`${type} is shown to its end`, async () => {
      const id = await ask(type);
      await enter(page, `/panel/?id=${id}`);
      await until(page, "completed");
      await complete(page, id);
      if (type === "adversarial") {
        // A rebuttal leads to the speech it answers, and the speech back to the rebuttal.
        const rebuttal = page.locator(".step", { hasText: "Rebuttals" }).locator(".side.pro .answer").first();
        await rebuttal.locator(".refs button").first().click();
        await page.locator('.side.con .answer:focus .refs:has-text("Answered by")').waitFor();
      }
      if (type === "socratic") {
        // Question and answer hang together: the questions stand above the answer to them.
        const answer = page.locator("#round-3 .answer").first();
        await answer.locator(".asked li").first().waitFor();
        const asked = await answer.locator(".asked li").allTextContents();
        await answer.locator(".refs button").first().click();
        const questions = await page.locator("#round-2 .answer:focus .points li").allTextContents();
        assert.deepEqual(questions, asked);
      }
      if (type === "socratic") assert.ok((await page.getByRole("heading", { name: "Questions", level: 5 }).count()) >= 2);
      await picture(page, `panel-${type}`);
    });
  }

  test("delphi shows each round's ratings as a distribution", async () => {
    const id = await ask("delphi", { options: ["Brazil first", "EU first", "Both at once"] });
    await enter(page, `/panel/?id=${id}`);
    await page.waitForSelector('main[data-status="completed"], main[data-status="failed"]', { timeout: 60_000 });
    const drawn = page.getByRole("img", { name: /Brazil first, round 1: ratings \d/ });
    assert.equal(await drawn.count(), 1);
    assert.ok((await drawn.locator("circle").count()) >= 3);
    await picture(page, "panel-delphi");
  });

  test("delphi forecasts a number in its unit, and says in words how it settled", async () => {
    await enter(page, "/new/");
    await page.getByLabel("Your question").fill("How many patients will be treated in 2030?");
    await page.getByRole("radio", { name: /^Delphi/ }).check();
    await page.getByLabel("Unit").fill("patients");
    await page.getByLabel("Lowest possible").fill("9000");
    await page.getByLabel("Highest possible").fill("1000");
    await page.locator(".chosen li").nth(4).waitFor();
    await page.getByRole("button", { name: "Ask the panel" }).click();
    await page.getByText("Both must be numbers, and the first below the second.").waitFor();
    await page.getByLabel("Lowest possible").fill("0");
    await page.getByLabel("Highest possible").fill("90000");
    await picture(page, "new-panel-forecast");
    await page.getByRole("button", { name: "Ask the panel" }).click();
    await page.waitForURL("**/panel/?id=*");
    await until(page, "completed");
    await page.getByRole("img", { name: /In patients, round 1: / }).waitFor();
    await page.locator(".distributions figure > .hint", { hasText: "median" }).waitFor();
    await page.locator(".distributions > .hint", { hasText: "Ended" }).waitFor();
    await picture(page, "panel-forecast");
  });

  test("hybrid waits for a person, who answers and signs", async () => {
    const id = await ask("hybrid");
    await enter(page, `/panel/?id=${id}`);
    await page.getByRole("heading", { name: "The panel waits for you" }).waitFor({ timeout: 60_000 });
    await picture(page, "panel-hybrid-waits");
    await page.getByRole("button", { name: "Send my answer" }).click();
    await page.getByText("Write what you want to say first.").waitFor();
    await page.getByLabel("Your answer").fill("We have the plant in São Paulo already.");
    await page.reload();
    await page.getByRole("heading", { name: "The panel waits for you" }).waitFor();
    assert.equal(await page.getByLabel("Your answer").inputValue(), "We have the plant in São Paulo already.");
    // A stance is a vote: one that was clicked by accident is taken back.
    await page.getByRole("radio", { name: "Opposes" }).check();
    await page.getByRole("radio", { name: "None" }).check();
    assert.equal(await page.getByRole("radio", { name: "Opposes" }).isChecked(), false);
    await page.getByRole("radio", { name: "Supports", exact: true }).check();
    await page.getByRole("button", { name: "Send my answer" }).click();
    await page.locator(".answer.role-human").waitFor();
    await page.locator("#round-2").waitFor();
    await page.getByRole("button", { name: "Approve" }).waitFor({ timeout: 60_000 });
    assert.equal(await page.locator(".answer.role-human").count(), 1);
    await page.getByRole("button", { name: "Approve" }).click();
    await until(page, "completed");
    await picture(page, "panel-hybrid");
  });
});

describe("a running panel", () => {
  test("tells at a glance who writes, who has answered and who gave none, without chatter or motion that is unwanted", async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    const id = await busy("structured");
    await enter(page, `/panel/?id=${id}`);
    await page.evaluate(() => {
      window.spoken = [];
      new MutationObserver(() => window.spoken.push(document.querySelector("p[role=status]").textContent)).observe(
        document.querySelector("p[role=status]"),
        { childList: true, characterData: true, subtree: true },
      );
    });
    await page.locator(".answer.phase-answered").nth(2).waitFor();
    await page.locator(".answer.phase-failed").waitFor();
    await page.locator(".answer-text.typing").waitFor();
    await page.locator(".seat.phase-speaking", { hasText: "Fatima El-Sayed" }).waitFor();
    await page.getByText("No answer: the model declined").waitFor();
    await page.getByText(DEMONSTRATION).waitFor();
    const moving = await page.evaluate(
      () => document.getAnimations().filter((one) => one.effect.getComputedTiming().activeDuration > 50).length,
    );
    assert.equal(moving, 0);
    assert.deepEqual(await page.evaluate(() => window.spoken), [], "tokens and answers are not read out one by one");
    await picture(page, "panel-live");
    await stop(id);
    await until(page, "failed");
    assert.deepEqual(await page.evaluate(() => window.spoken), ["The panel has ended without a result: Stopped by a person."]);
    // Who was cut off is not shown at work for ever, with or without a reload, and who was silent stays so.
    for (const reloaded of [false, true]) {
      if (reloaded) await page.reload();
      await page.locator(".answer.phase-stopped").getByText("Stopped before answering.").waitFor();
      assert.equal(await page.locator(".thinking, .typing, .answer[aria-busy=true]").count(), 0);
      await page.locator(".seat", { hasText: "Fatima El-Sayed" }).getByText("stopped before answering").waitFor();
      await page.locator(".seat.silent").getByText("gave no answer").waitFor();
    }
  });

  test("is vetoed only when the person says so twice", async () => {
    await enter(page, `/panel/?id=${await ask("hybrid")}`);
    await page.getByRole("button", { name: "Veto" }).click();
    const asked = page.getByRole("dialog", { name: "Veto this panel?" });
    await asked.waitFor();
    await picture(page, "panel-veto", { full: false });
    await page.keyboard.press("Escape");
    assert.equal(await asked.count(), 0);
    await page.getByRole("button", { name: "Veto" }).click();
    await asked.getByRole("button", { name: "Veto" }).click();
    await until(page, "failed");
    await page.locator(".banner.bad").getByText("Rejected by the person who had to sign").waitFor();
    await picture(page, "panel-vetoed");
  });

  test("says that it reconnects, and resumes from the last event it has", async () => {
    const asked = [];
    let cut = true;
    await page.route("**/stream", async (route) => {
      asked.push(route.request().headers()["last-event-id"] ?? null);
      if (!cut) return route.continue();
      cut = false;
      const first = { panel_id: "x", sequence: 1, at: new Date().toISOString(), query: QUESTION, panel_type: "open", configuration: {}, options: [], agents: [], evidence: [], user_id: user().id };
      return route.fulfill({ contentType: "text/event-stream", body: `retry: 2000\nid: 1\nevent: panel_created\ndata: ${JSON.stringify(first)}\n\n` });
    });
    await enter(page, `/panel/?id=${await ask("structured")}`);
    await page.waitForSelector('main[data-link="live"], main[data-link="ended"]');
    await until(page, "completed");
    assert.equal(asked[0], null);
    assert.equal(asked[1], "1");
  });

  test("that is held back or refused in the middle says why, and goes on when it is tried again", async () => {
    let asked = 0;
    await page.route("**/stream", async (route) => {
      asked += 1;
      const stream = (body) => route.fulfill({ contentType: "text/event-stream", body });
      const first = { panel_id: "x", sequence: 1, at: new Date().toISOString(), query: QUESTION, panel_type: "open", configuration: {}, options: [], agents: [], evidence: [], user_id: user().id };
      if (asked === 1) return stream(`retry: 2000\nid: 1\nevent: panel_created\ndata: ${JSON.stringify(first)}\n\n`);
      if (asked === 2) return stream('retry: 2000\nevent: error\ndata: {"status":429,"detail":"You have 20 streams open."}\n\n');
      if (asked === 3) return route.fulfill({ status: 410, contentType: "application/problem+json", json: { title: "Gone", detail: "This stream is gone." } });
      return route.continue();
    });
    await enter(page, `/panel/?id=${await ask("structured")}`);
    await page.getByText("You have 20 streams open. This one follows as soon as it may.").waitFor();
    await page.getByText("This stream is gone.").waitFor();
    assert.equal(await page.getByText("Reconnecting…").count(), 0);
    await picture(page, "panel-refused", { full: false });
    await page.getByRole("button", { name: "Try again" }).click();
    await until(page, "completed");
    assert.equal(await page.getByText("This stream is gone.").count(), 0);
  });

  test("is stopped by the one who asked, and says so", async () => {
    await enter(page, `/panel/?id=${await busy("adversarial")}`);
    // A refusal that comes when the dialog is gone is told too.
    let answer;
    const held = new Promise((resolve) => {
      answer = resolve;
    });
    const refused = async (route) => {
      await held;
      await route.fulfill({ status: 503, contentType: "application/problem+json", json: { title: "Unavailable", detail: "The log does not answer now." } });
    };
    await page.route("**/cancel", refused, { times: 1 });
    await page.getByRole("button", { name: "Stop the panel" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop the panel" }).click();
    await page.keyboard.press("Escape");
    answer();
    await page.getByText("The log does not answer now.").waitFor();
    assert.equal(await page.getByRole("dialog").count(), 0);
    await picture(page, "panel-cancel-refused", { full: false });
    await page.getByRole("button", { name: "Stop the panel" }).click();
    await page.getByLabel("Reason (optional)").fill("Asked the wrong thing");
    await picture(page, "panel-cancel", { full: false });
    await page.getByRole("dialog").getByRole("button", { name: "Stop the panel" }).click();
    await until(page, "failed");
    await page.locator(".banner.bad").getByText("Stopped by a person").waitFor();
    await picture(page, "panel-cancelled");
  });

  test("that was stopped is asked again as it was, evidence and settings too", async () => {
    const long = "Reimbursement takes a year in Germany. ".repeat(12).trim();
    await enter(page, "/new/");
    await page.getByLabel("Your question").fill("Should we launch the new insulin in Germany or France first?");
    await page.getByRole("button", { name: "Vote on: Germany / France" }).click();
    await page.getByRole("radio", { name: /^Socratic/ }).check();
    await page.locator(".chosen li").nth(2).waitFor();
    await page.getByRole("button", { name: "Add a text" }).click();
    await page.getByLabel("Title of text 1").fill("Reimbursement");
    await page.getByLabel("Text 1", { exact: true }).fill(long);
    await page.getByText("Advanced", { exact: true }).click();
    await page.getByLabel("Time limit, minutes").fill("7");
    await page.getByRole("button", { name: "Ask the panel" }).click();
    await page.waitForURL("**/panel/?id=*");
    const first = new URL(page.url()).searchParams.get("id");
    await stop(first);
    await until(page, "failed");
    await page.getByRole("button", { name: "Ask again" }).click();
    await page.getByText("The same question again").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Option 2" }).inputValue(), "France");
    assert.equal(await page.getByRole("radio", { name: /^Socratic/ }).isChecked(), true);
    assert.equal(await page.getByLabel("Text 1", { exact: true }).inputValue(), long);
    await picture(page, "new-panel-again", { full: false });
    // The address forgets it with the first change: what is changed then outlives a reload.
    await page.reload();
    await page.getByText("The same question again").waitFor();
    await page.getByLabel("Title of text 1").fill("Payment");
    await page.waitForURL((url) => url.search === "");
    await page.reload();
    assert.equal(await page.getByLabel("Title of text 1").inputValue(), "Payment");
    await page.getByLabel("Title of text 1").fill("Reimbursement");
    await page.getByRole("button", { name: "Ask the panel" }).click();
    await page.waitForURL("**/panel/?id=*");
    const again = new URL(page.url()).searchParams.get("id");
    const [one, other] = await Promise.all([first, again].map(listed));
    assert.notEqual(again, first);
    for (const part of ["query", "panel_type", "agents", "configuration", "options", "evidence"])
      assert.deepEqual(other[part], one[part], part);
    await stop(again).catch(() => {}); // it may have ended by itself
    // Another tab knows of the evidence what the server tells, and says so.
    const fresh = await open(browser);
    await enter(fresh.page, `/new/?again=${first}`);
    await fresh.page.getByText("Only the beginning of “Reimbursement” is kept: paste the rest.").waitFor();
    // A draft that was never asked is not lost by looking at an earlier question.
    const draft = "Should we open a plant in Lyon next year?";
    await enter(fresh.page, "/new/");
    await fresh.page.getByLabel("Your question").fill(draft);
    await fresh.page.getByText("Draft kept in this browser").waitFor();
    await enter(fresh.page, `/new/?again=${first}`);
    await fresh.page.getByText(`You have a draft that was not asked: “${draft}”.`).waitFor();
    await picture(fresh.page, "new-panel-again-draft", { full: false });
    await enter(fresh.page, "/new/");
    assert.equal(await fresh.page.getByLabel("Your question").inputValue(), draft);
    await enter(fresh.page, `/new/?again=${first}`);
    await fresh.page.getByRole("button", { name: "Open the draft instead" }).click();
    assert.equal(await fresh.page.getByLabel("Your question").inputValue(), draft);
    assert.equal(await fresh.page.getByText("The same question again").count(), 0);
    await fresh.context.close();
    assert.deepEqual(fresh.problems, []);
  });

  test("twelve experts at once stay smooth: what they type is drawn once per frame", async (t) => {
    const { agents } = await api("GET", "/agents");
    const twelve = agents.slice(0, 12).map((one) => one.id);
    await page.addInitScript(() => {
      Object.assign(window, { tasks: [], frames: 0, drawn: 0 });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.tasks.push(entry.duration);
      }).observe({ type: "longtask" });
      const frame = () => {
        window.frames += 1;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      // Called once per change of the page that is not part of the one before.
      const inAnswers = ({ target }) => (target instanceof Element ? target : target.parentElement)?.closest(".rounds");
      new MutationObserver((records) => {
        if (records.some(inAnswers)) window.drawn += 1;
      }).observe(document, { characterData: true, childList: true, subtree: true });
    });
    await enter(page, `/panel/?id=${await ask("delphi", { agents: twelve, options: ["Now", "Later"] })}`);
    await page.locator(".answer").nth(11).waitFor();
    await page.waitForSelector('main[data-status="completed"], main[data-status="failed"]', { timeout: 60_000 });
    const { tasks, frames, drawn } = await page.evaluate(() => ({ tasks: window.tasks, frames: window.frames, drawn: window.drawn }));
    const longest = Math.round(Math.max(0, ...tasks));
    t.diagnostic(`answers drawn ${drawn} times in ${frames} frames; ${tasks.length} long tasks, longest ${longest} ms`);
    // Beside the frames' own only a change of the connection draws.
    assert.ok(drawn > 0 && drawn <= frames + 3, `${drawn} drawings in ${frames} frames`);
  });
});

describe("a result", () => {
  test("says who says what to which point, and leads from a sign to the words", async () => {
    const id = await ask("structured", { options: ["Brazil first", "EU first"] });
    await enter(page, `/panel/?id=${id}`);
    await until(page, "completed");
    const matrix = page.locator(".matrix");
    await matrix.locator("tbody tr").nth(2).waitFor();
    const { aspects } = await api("GET", `/panels/${id}/matrix`);
    assert.equal(await matrix.locator("tbody tr").count(), aspects.length);
    await page.locator(".seat.silent").getByText("gave no answer").waitFor();
    await matrix.getByText("gave no answer and has no column.").waitFor();
    assert.match(await page.locator(".answer .vote").first().textContent(), /Brazil first|EU first/);
    await matrix.locator("button.cell").last().click();
    await page.locator(".answer mark").first().waitFor();
    await picture(page, "panel-options");
  });

  test("begins on a phone with its verdict: the gauge and what one may do come after", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await enter(page, `/panel/?id=${await ask("structured")}`);
    await until(page, "completed");
    const top = async (what) => (await what.boundingBox()).y;
    const verdict = page.locator(".verdict-line");
    assert.ok((await top(verdict)) < 800, "the verdict is not on the first screen");
    assert.ok((await top(page.locator(".recommendation-gauge"))) > (await top(verdict)));
    assert.ok((await top(page.getByRole("button", { name: "Ask a follow-up" }))) > (await top(page.locator(".recommendation-gauge"))));
    assert.ok((await top(page.locator(".panel-columns"))) > (await top(page.getByRole("button", { name: "Ask a follow-up" }))));
    await accessible(page, "a result on a phone");
    await page.getByText("Export", { exact: true }).click();
    const menu = page.locator(".dropdown .menu");
    const { x, width } = await menu.boundingBox();
    assert.ok(x >= 0 && x + width <= 390, `the menu stands from ${x} to ${x + width}`);
    await picture(page, "panel-export-phone", { full: false });
    await page.keyboard.press("Escape");
    assert.equal(await menu.isVisible(), false);
  });

  test("shows the quotes behind a point in the answers they come from", async () => {
    const id = await ask("structured");
    await enter(page, `/panel/?id=${id}`);
    await until(page, "completed");
    await page.getByRole("button", { name: /quotes?: show in the answer/ }).first().click();
    await page.locator(".answer mark").first().waitFor();
    const marked = await page.locator(".answer mark").allTextContents();
    assert.ok(marked.some((words) => words.length > 10));
    await picture(page, "panel-quotes");
  });

  test("says the least it cost until every call is costed, then what it cost", async () => {
    const id = await ask("structured");
    let reads = 0;
    await page.route(`**/api/v1/panels/${id}/usage`, async (route) => {
      reads += 1;
      const response = await route.fetch();
      const report = { ...(await response.json()), cost_usd: "0.25", uncosted_calls: reads === 1 ? 1 : 0 };
      return route.fulfill({ response, json: report });
    });
    await enter(page, `/panel/?id=${id}`);
    await until(page, "completed");
    const cost = page.locator(".panel-facts dl > div", { hasText: "Cost" }).locator("dd");
    await cost.getByText("at least $0.25").waitFor();
    await cost.getByText("$0.25", { exact: true }).waitFor();
    await page.locator(".table tfoot").getByText("$0.25", { exact: true }).waitFor();
  });

  test("is exported, audited and followed up", async () => {
    const id = await ask("structured");
    await enter(page, `/panel/?id=${id}`);
    await until(page, "completed");
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy the result" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    const { responses } = await api("GET", `/panels/${id}`);
    assert.deepEqual([...new Set(responses.map((one) => one.model_label))], ["scripted model"]);
    assert.ok((await page.evaluate(() => navigator.clipboard.readText())).includes(DEMONSTRATION));
    // A page that came over plain http has no clipboard.
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.getByRole("button", { name: "Copy the result" }).click();
    await page.getByText("Could not be copied").waitFor();
    await page.getByText("Export", { exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Markdown" }).click()]);
    assert.match(readFileSync(await download.path(), "utf8"), /^# Should we launch/);
    await page.getByRole("button", { name: "Show the events" }).click();
    await page.getByRole("cell", { name: "panel completed" }).waitFor();
    await picture(page, "panel-audit");
    await page.getByRole("button", { name: "Ask a follow-up" }).click();
    await page.getByText("Follow-up to an earlier panel").waitFor();
    await picture(page, "new-panel-follow-up", { full: false });
  });

  test("is printed whole: every word, no buttons", async () => {
    const id = await ask("structured");
    await enter(page, `/panel/?id=${id}`);
    await until(page, "completed");
    await page.emulateMedia({ media: "print", colorScheme: "light" });
    for (const gone of [".top", ".panel-side", ".timeline", ".panel-facts .buttons", ".audit"])
      assert.equal(await page.locator(gone).first().isVisible(), false, gone);
    assert.equal(await page.locator(".answer-text").first().isVisible(), true);
    assert.equal(await page.locator(".demonstration").isVisible(), true);
    const cut = await page.locator(".answer-text").evaluateAll((texts) => texts.filter((one) => one.scrollHeight > one.clientHeight + 1).length);
    assert.equal(cut, 0, "answers are cut off on paper");
    assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
    await page.emulateMedia({ media: "screen" });
  });

  test("of another tenant does not exist", async () => {
    const id = await ask("open");
    await enter(page, `/panel/?id=${id}`, { as: "owner", slug: "globex" });
    await page.getByText("There is no such panel.").waitFor();
    await picture(page, "panel-missing");
  });
});

describe("the dashboard", () => {
  test("finds panels by what stands in the address", async () => {
    await enter(page, "/?type=adversarial&status=failed");
    await page.locator(".panel-card").first().waitFor();
    for (const chip of await page.locator(".panel-card .chip:first-child").allTextContents()) assert.equal(chip, "Adversarial");
    await page.getByLabel("Search questions").fill("nothing like this was asked");
    await page.getByText("No panel fits these filters").waitFor();
    assert.match(page.url(), /q=nothing/);
    await picture(page, "dashboard-none");
    await page.getByRole("link", { name: "Clear filters" }).click();
    await page.locator(".panel-card").nth(3).waitFor();
    // What is chosen while the search still waits for the next letter is not undone by it.
    await page.getByLabel("Search questions").fill("insulin");
    await page.getByLabel("Status").selectOption("Completed");
    await page.waitForURL((url) => url.searchParams.get("q") === "insulin");
    assert.equal(new URL(page.url()).searchParams.get("status"), "completed");
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.waitForURL((url) => url.search === "");
    assert.equal(await page.getByLabel("Search questions").inputValue(), "");
    await page.locator(".usage .chart").first().waitFor();
    await picture(page, "dashboard");
  });

  test("shows several panels at work at once, each expert by what it does", async () => {
    const ids = await Promise.all([busy("structured"), busy("open"), busy("adversarial")]);
    await enter(page, "/");
    const live = page.locator(".panel-card .live-progress");
    await live.nth(1).waitFor();
    await page.locator(".live-progress .phase-speaking").first().waitFor();
    assert.equal(await live.count(), 2, "the cards hold more than two of a browser's few connections");
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await live.first().waitFor({ state: "detached" });
    await page.evaluate(() => {
      delete document.visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await live.nth(1).waitFor();
    await picture(page, "dashboard-live", { full: false });
    for (const id of ids) {
      const card = page.locator(".panel-card", { has: page.locator(`a[href$="${id}"]`) });
      await stop(id);
      await card.getByText("Stopped", { exact: true }).waitFor({ timeout: 40_000 });
      assert.equal(await card.locator(".live-progress").count(), 0);
    }
  });

  test("shows what was used in tokens or in money", async () => {
    await enter(page, "/");
    await page.getByText("Tokens by day").waitFor();
    // What was spent is not read as a budget of nothing.
    await page.locator(".totals .card", { hasText: "Spent this month" }).getByText("no budget set").waitFor();
    await page.locator(".segmented").getByText("Cost").click();
    await page.getByText("Cost by day").waitFor();
    await picture(page, "dashboard-usage-cost");
  });

  test("changes tenants in the account menu, or says why it cannot", async () => {
    const called = async (slug) => (await api("GET", "/tenant", undefined, { as: "owner", slug })).name;
    const [acme, globex] = [await called("acme"), await called("globex")];
    await enter(page, "/", { as: "owner", slug: "globex" });
    await page.locator(".brand", { hasText: globex }).waitFor();
    await enter(page, "/"); // the same tab, another link
    await page.locator(".brand", { hasText: acme }).waitFor();
    await page.getByLabel("Account").click();
    const tenants = page.getByRole("combobox", { name: /^Tenant/ });
    await picture(page, "account-menu", { full: false });
    await page.getByLabel("Colour theme").selectOption("Dark");
    await page.waitForSelector("html[data-theme=dark]");
    await page.getByLabel("Colour theme").selectOption("As the system");
    await page.waitForSelector("html[data-theme=light]");
    await tenants.selectOption({ label: globex });
    await page.locator(".brand", { hasText: acme }).waitFor(); // nothing changes by choosing
    await page.getByRole("button", { name: "Switch" }).click();
    await page.locator(".banner[role=alert]").waitFor();
    assert.equal(await page.locator(".panel-card").count(), 0);
    await picture(page, "tenant-refused");
    await page.reload();
    await page.getByRole("button", { name: `Back to ${acme}` }).click();
    await page.locator(".brand", { hasText: acme }).waitFor();
    await page.getByLabel("Account").click();
    await tenants.selectOption({ label: globex });
    await page.getByRole("button", { name: "Switch" }).click();
    await page.locator(".banner[role=alert]").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("follows a panel's status without a reload", async () => {
    await enter(page, "/?status=");
    const id = await ask("structured");
    await page.reload();
    const card = page.locator(".panel-card", { has: page.locator(`a[href$="${id}"]`) });
    await card.getByText("Completed").waitFor({ timeout: 40_000 });
  });

  test("reads later pages again while a panel on one of them is at work", async () => {
    const { panels } = await api("GET", "/panels?status=completed&limit=1");
    let reads = 0;
    await page.route("**/stream", () => {}); // no stream tells of its end
    await page.route("**/api/v1/panels?*", (route) => {
      const later = new URL(route.request().url()).searchParams.has("cursor");
      if (later) reads += 1;
      const shown = { ...panels[0], query: later ? "On a later page" : "On the first page", status: later && reads < 3 ? "running" : "completed" };
      return route.fulfill({ json: { panels: [{ ...shown, id: later ? panels[0].id : "first" }], next_cursor: later ? null : "next", total: 2, total_is_exact: true } });
    });
    await enter(page, "/");
    await page.getByRole("button", { name: "Show more" }).click();
    const card = page.locator(".panel-card", { hasText: "On a later page" });
    await card.getByText("Running").waitFor();
    await card.getByText("Completed").waitFor();
  });

  test("that cannot be drawn says so, and offers the way back", async () => {
    await page.route("**/api/v1/panels?*", (route) => route.fulfill({ json: { panels: [null], total: 1, total_is_exact: true } }));
    await enter(page, "/");
    await page.getByText("This page made a mistake").waitFor();
    await picture(page, "page-failed");
    assert.ok(problems.length > 0);
    problems.length = 0;
    await page.unroute("**/api/v1/panels?*");
    await page.getByRole("link", { name: "Back to your panels" }).click();
    await page.locator(".panel-card, .empty").first().waitFor();
  });

  test("of a tenant that never asked invites it to, in its own colour", async () => {
    await enter(page, "/", { as: "owner", slug: "globex" });
    await page.getByText("Ask your first question").waitFor();
    const fill = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--brand-fill"));
    assert.equal(fill.trim(), "#0f766e");
    await picture(page, "dashboard-empty");
  });

  test("shows what went wrong, and tries again", async () => {
    let broken = true;
    await page.route("**/api/v1/panels?*", (route) =>
      broken ? route.fulfill({ status: 503, contentType: "application/problem+json", json: { title: "Unavailable", detail: "The database does not answer now." } }) : route.continue(),
    );
    await enter(page, "/");
    await page.getByText("The database does not answer now.").waitFor();
    await picture(page, "dashboard-error");
    broken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".panel-card").first().waitFor();
  });
});

describe("a first visit", () => {
  // Sums over what the page itself loads: bytes and requests do not depend on how fast the machine is.
  for (const [name, where, ready] of [
    ["sign-in", null, "input[type=password]"],
    ["dashboard", "/", ".panel-card, .empty"],
    ["form", "/new/", ".types"],
    ["catalogue", "/experts/", ".expert-card"],
  ]) {
    test(`to the ${name} is small, asks for little and does not jump`, async (t) => {
      await page.addInitScript(() => {
        window.shifts = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
        }).observe({ type: "layout-shift", buffered: true });
        new PerformanceObserver((list) => {
          window.largest = list.getEntries().at(-1);
        }).observe({ type: "largest-contentful-paint", buffered: true });
      });
      // What the next pages need is fetched ahead by their .txt: it is not this page's.
      await page.route(/\.txt(\?|$)/, (route) => route.abort());
      if (where === null) await page.goto(stack.url);
      else await enter(page, where);
      await page.waitForSelector(ready);
      await page.evaluate(() => document.fonts.ready);
      const { loaded, shifted, largest } = await page.evaluate(() => ({
        loaded: performance
          .getEntriesByType("resource")
          .concat(performance.getEntriesByType("navigation"))
          .map((one) => ({ name: new URL(one.name).pathname, bytes: one.transferSize })),
        shifted: window.shifts.reduce((sum, one) => sum + one, 0),
        largest: window.largest?.element?.tagName ?? null,
      }));
      const sum = (wanted) => loaded.filter((one) => wanted.test(one.name)).reduce((all, one) => all + one.bytes, 0);
      const kilobytes = { scripts: sum(/\.js$/), styles: sum(/\.css$/), fonts: sum(/\.woff2$/), all: sum(/./) };
      for (const key of Object.keys(kilobytes)) kilobytes[key] = Math.round(kilobytes[key] / 1024);
      t.diagnostic(`${loaded.length} requests; kB: ${JSON.stringify(kilobytes)}; shift ${shifted.toFixed(3)}; largest: ${largest}`);
      assert.ok(kilobytes.scripts > 0 && kilobytes.scripts <= 200, `scripts: ${kilobytes.scripts} kB`);
      assert.ok(kilobytes.all <= 400, `all: ${kilobytes.all} kB`);
      assert.ok(loaded.length <= 45, `${loaded.length} requests`);
      assert.ok(shifted <= 0.1, `the page jumps by ${shifted}`);
      // What is largest is words, there with the page: never a picture that has to be fetched first.
      assert.notEqual(largest, "IMG");
    });
  }

  test("shows the shape of what is coming, and what went wrong where it does not come", async () => {
    let arrive;
    const held = new Promise((resolve) => {
      arrive = resolve;
    });
    const refusal = { status: 503, contentType: "application/problem+json", json: { title: "Unavailable", detail: "The catalogue does not answer now." } };
    await page.route("**/api/v1/panels?*", async (route) => {
      await held;
      await route.continue();
    });
    await page.route("**/api/v1/agents", (route) => route.fulfill(refusal));
    await enter(page, "/");
    await page.locator(".skeleton").first().waitFor();
    await picture(page, "dashboard-loading", { full: false });
    arrive();
    await page.locator(".panel-card, .empty").first().waitFor();
    await enter(page, "/experts/");
    await page.getByText("The catalogue does not answer now.").waitFor();
    await picture(page, "experts-error", { full: false });
  });
});

describe("every window", () => {
  for (const [width, height] of [
    [360, 740],
    [820, 1180],
    [3840, 2160],
  ]) {
    test(`of ${width} px shows every page without scrolling sideways`, async () => {
      await page.setViewportSize({ width, height });
      const { panels } = await api("GET", "/panels?status=completed&limit=1");
      for (const [name, where] of [
        ["dashboard", "/"],
        ["new", "/new/"],
        ["experts", "/experts/"],
        ["panel", `/panel/?id=${panels[0].id}`],
      ]) {
        await enter(page, where);
        await page.waitForSelector(".panel-card, .types, .expert-card, .recommendation, .round");
        // Colours do not depend on the width: dark is looked at once more, on the smallest.
        await picture(page, `${name}-${width}`, { schemes: width === 360 ? ["light", "dark"] : ["light"] });
      }
    });
  }

  test("of a phone gives what is said of a proposed expert its width", async () => {
    await page.setViewportSize({ width: 375, height: 812 });
    await enter(page, "/new/");
    await page.getByLabel("Your question").fill("Should we launch the new insulin in Brazil before the EU?");
    const words = page.locator(".chosen-who").first();
    await words.waitFor();
    const { width } = await words.boundingBox();
    assert.ok(width > 200, `${width} px of 375`);
  });

  test("lets an admin create, edit and retire an expert; a member only looks", async () => {
    const name = `Ines Tax ${process.pid}`; // an id is never given out twice
    const id = `ines-tax-${process.pid}`;
    await enter(page, "/experts/", { as: "admin" });
    await page.getByRole("button", { name: "New expert" }).click();
    const form = page.getByRole("dialog");
    await form.getByLabel("Name").fill(name);
    assert.equal(await form.getByLabel("Id", { exact: true }).inputValue(), id);
    await form.getByRole("button", { name: "Publish the expert" }).click();
    await form.getByText("20 to 4000 characters.").waitFor();
    await picture(page, "expert-new-faults", { full: false });
    await form.getByLabel("Title").fill("tax counsel");
    await form.getByLabel("Field").fill("law");
    await form.getByLabel("Knows about").fill("vat, customs");
    await form.getByLabel("Summary").fill("Says what a sale costs in tax, country by country.");
    await form.getByLabel("Instructions").fill("You judge each option by its tax in every country.");
    await form.getByRole("button", { name: "Publish the expert" }).click();
    await page.getByText(`${name} can sit on new panels now.`).waitFor();
    const card = page.locator(".expert-card", { hasText: name });
    await card.getByText("Ours", { exact: true }).waitFor();
    await page.locator(".filters .segmented").getByText("Ours", { exact: true }).click();
    await card.waitFor();
    assert.equal(await page.locator(".expert-card").count(), await page.locator(".expert-card .chip.own").count());
    await picture(page, "experts-ours", { full: false });
    await card.getByRole("button", { name: `Edit ${name}` }).click();
    // Who wrote the instructions reads them again.
    await form.getByLabel("Instructions").waitFor();
    assert.equal(await form.getByLabel("Instructions").inputValue(), "You judge each option by its tax in every country.");
    await form.getByLabel("Title").fill("international tax counsel");
    await form.getByLabel("Instructions").fill("You judge each option by its tax, and name the treaty.");
    await picture(page, "expert-edit", { full: false });
    await form.getByRole("button", { name: "Publish the new version" }).click();
    await page.getByText(`${name} is published in version 2.`).waitFor();
    assert.equal((await api("GET", `/agents/${id}`)).title, "international tax counsel");
    // What is edited next is what was published last.
    await card.getByRole("button", { name: `Edit ${name}` }).click();
    await form.getByLabel("Instructions").waitFor();
    assert.equal(await form.getByLabel("Instructions").inputValue(), "You judge each option by its tax, and name the treaty.");
    await page.keyboard.press("Escape");
    assert.equal(await form.count(), 0);
    // What was typed is not thrown away by a key, and the keyboard goes on where it was.
    const edit = card.getByRole("button", { name: `Edit ${name}` });
    await edit.press("Enter");
    await form.getByLabel("Summary").fill("Says what a sale costs in tax, and where it costs least.");
    const leaving = page.getByRole("dialog", { name: "Leave without publishing?" });
    await page.keyboard.press("Escape");
    await leaving.waitFor();
    await page.keyboard.press("Escape");
    await leaving.waitFor({ state: "detached" });
    assert.equal(await form.getByLabel("Summary").inputValue(), "Says what a sale costs in tax, and where it costs least.");
    assert.equal(await form.getByLabel("Summary").evaluate((field) => field === document.activeElement), true);
    await page.keyboard.press("Escape");
    await picture(page, "expert-leave", { full: false });
    await leaving.getByRole("button", { name: "Leave" }).click();
    assert.equal(await form.count(), 0);
    assert.equal(await edit.evaluate((button) => button === document.activeElement), true);
    await card.getByRole("button", { name: `Retire ${name}` }).click();
    await form.getByRole("button", { name: "Retire" }).click();
    await page.getByText(`${name} is retired from new panels.`).waitFor();
    assert.equal(await card.count(), 0);
    // The id is the way back: what is published under it goes on from the retired version.
    await page.getByRole("button", { name: "New expert" }).click();
    for (const [field, words] of [["Name", name], ["Title", "tax counsel"], ["Field", "law"], ["Summary", "Says what a sale costs in tax."], ["Instructions", "You judge each option by its tax alone."]])
      await form.getByLabel(field).fill(words);
    await form.getByRole("button", { name: "Publish the expert" }).click();
    await form.getByText("Your tenant has retired an expert of this id").waitFor();
    await picture(page, "expert-retired", { full: false });
    await form.getByRole("button", { name: "Publish as its next version" }).click();
    await page.getByText(`${name} is published in version 3.`).waitFor();
    await card.getByRole("button", { name: `Retire ${name}` }).click();
    await form.getByText(`create an expert with the id ${id}.`).waitFor();
    await picture(page, "expert-retire", { full: false });
    await form.getByRole("button", { name: "Retire" }).click();
    await page.getByText(`${name} is retired from new panels.`).waitFor();
    // One of the shared catalogue is nobody's to retire; a copy of it starts without its instructions.
    await enter(page, "/experts/", { as: "admin" });
    const shared = page.locator(".expert-card", { hasText: "Amara Okafor" });
    assert.equal(await shared.getByRole("button", { name: /^Retire/ }).count(), 0);
    await shared.getByRole("button", { name: "Make it ours: Amara Okafor" }).click();
    await form.getByText("This expert is shared by all tenants.").waitFor();
    assert.equal(await form.getByLabel("Instructions").inputValue(), "");
    await page.keyboard.press("Escape");
    // Without the copy the shared one is back at once, and stays.
    const other = page.locator(".expert-card", { hasText: "Prof. Jonas Feld" });
    await other.getByRole("button", { name: /^Make it ours/ }).click();
    await form.getByLabel("Title").fill("our own");
    await form.getByLabel("Instructions").fill("You judge each option by our own prices alone.");
    await form.getByRole("button", { name: "Publish the new version" }).click();
    // Where the journey went by before, the copy it left goes on with its versions.
    const next = form.getByRole("button", { name: "Publish as its next version" });
    await other.getByText("our own").or(next).first().waitFor();
    if (await next.isVisible()) await next.click();
    await other.getByText("our own").waitFor();
    await other.getByRole("button", { name: /^Retire/ }).click();
    await form.getByText("new panels seat the shared one again").waitFor();
    await form.getByRole("button", { name: "Retire" }).click();
    await page.getByText("new panels seat the shared expert").waitFor();
    await picture(page, "expert-shared-again", { full: false });
    assert.equal(await other.getByText("our own").count(), 0);
    assert.equal(await other.getByRole("button", { name: /^Retire/ }).count(), 0);
    await enter(page, "/experts/");
    await page.locator(".expert-card").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "New expert" }).count(), 0);
  });

  test("offers the experts, their fields and a panel with one of them", async () => {
    await enter(page, "/experts/");
    await page.locator(".expert-card").first().waitFor();
    await picture(page, "experts");
    await page.getByLabel("Search by name, field or skill").fill("statistics");
    await page.getByText("Knows about").first().click();
    await accessible(page, "an opened expert");
    await page.getByRole("link", { name: "Ask a panel with this expert" }).first().click();
    await page.getByText("1 expert chosen").waitFor();
  });
});
