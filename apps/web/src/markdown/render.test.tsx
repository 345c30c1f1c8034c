import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { render, safeAddress } from "./render";

const html = (text: string, quotes: string[] = []): string => renderToStaticMarkup(render(text, quotes));

/** Ways in which Markdown has carried scripts, addresses and images (OWASP's list among them). */
const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "text <svg/onload=alert(1)> text",
  "<iframe src='javascript:alert(1)'></iframe>",
  "<a href='javascript:alert(1)'>x</a>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](<javascript:alert(1)>)",
  "[x](vbscript:msgbox(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](//evil.example)",
  "[x](/api/v1/panels)",
  "[x]: javascript:alert(1)\n\n[x]",
  "<javascript:alert(1)>",
  "![x](https://evil.example/track.png)",
  "![x](javascript:alert(1))",
  "![x][y]\n\n[y]: https://evil.example/track.png",
  "<style>body{background:url(https://evil.example)}</style>",
  "<form action='https://evil.example'><button>ok</button></form>",
  "<math><mtext><script>alert(1)</script></mtext></math>",
  "`<script>alert(1)</script>`",
  "```\n<img src=x onerror=alert(1)>\n```",
  "| <img src=x onerror=alert(1)> |\n|---|\n| [x](javascript:alert(1)) |",
  '[x](https://ok.example "onmouseover=alert(1)")',
  "[x](https://ok.example'onmouseover=alert(1)')",
];

const ALLOWED_TAGS =
  /^<\/?(p|em|strong|code|pre|blockquote|ol|ul|li|hr|br|span|a|mark|div|table|thead|tbody|tr|th|td)( (class|tabindex|scope|start)="[^"<>]*"| (href|title)="(https?:|mailto:)[^"<>]*"| rel="noopener noreferrer nofollow"| target="_blank")*\/?>$/;

const BOLD = "The **market** grows. ";

describe("what a model writes", () => {
  test.each(ATTACKS)("stays harmless: %s", (attack) => {
    for (const tag of html(attack).match(/<[^>]*>/g) ?? []) expect(tag).toMatch(ALLOWED_TAGS);
  });

  test("keeps its structure", () => {
    expect(html("# One\n\n**two** *three*\n\n1. four\n2. five")).toBe(
      '<p class="md-heading">One</p><p><strong>two</strong> <em>three</em></p><ol start="1"><li><p>four</p></li><li><p>five</p></li></ol>',
    );
    expect(html("| a | b |\n|---|---|\n| 1 | 2 |")).toContain('<th scope="col">a</th>');
  });

  test("shows raw HTML as the text it is", () => {
    expect(html("a <b>bold</b> word")).toBe("<p>a &lt;b&gt;bold&lt;/b&gt; word</p>");
  });

  test("names an image instead of loading it", () => {
    expect(html("![a chart](https://evil.example/x.png)")).toBe(
      '<p><span class="md-image">a chart</span></p>',
    );
  });

  test.each([
    ["quotations", ">".repeat(12_000)],
    ["quotations with words", `${"> ".repeat(5990)}the words`],
    ["lists", `${"- ".repeat(5990)}the words`],
    ["numbered lists", `${"1. ".repeat(3990)}the words`],
    ["emphasis", `${"*".repeat(5990)}the words${"*".repeat(5990)}`],
    ["emphasis of two kinds", `${"*a _b ".repeat(400)}the words${"_ *".repeat(400)}`],
    [
      "lists, line by line",
      Array.from({ length: 100 }, (_, deep) => `${"  ".repeat(deep)}- the words`).join("\n"),
    ],
  ])("is shown however deep its %s stand in each other", (_, text) => {
    for (const quotes of [[], ["the words"]]) {
      const page = html(text, quotes);
      expect(page.includes("the words")).toBe(text.includes("the words"));
      expect(page.match(/<(blockquote|ul|ol|li|em|strong)/g)?.length ?? 0).toBeLessThan(60);
    }
  });

  test("keeps what stands as deep as people write, and the rest as it was written", () => {
    expect(html(`${"> ".repeat(20)}deep`)).toContain("<blockquote><p>deep</p></blockquote>");
    expect(html(`${"> ".repeat(60)}deep`)).toBe(`<p>${"&gt; ".repeat(60)}deep</p>`);
    const steps = Array.from({ length: 40 }, (_, deep) => `${"  ".repeat(deep)}- at ${deep}`).join("\n");
    expect(html(steps)).toContain("<li><p>at 10</p>");
    expect(html(steps)).toContain("- at 39");
  });

  test.each([
    ["images in each other", "![".repeat(1500), "](https://ok.example)".repeat(1500), "md-image"],
    ["links one after another", "", "[words](https://ok.example) ".repeat(1500), "<a "],
    ["emphasis that opens and closes", "", "*some* _words_ ".repeat(1500), "<em>"],
    ["emphasis in each other", "*some **words ".repeat(1500), " end** end*".repeat(1500), "<em>"],
    ["underlined headings", "", "words\n=====\n".repeat(1500), "md-heading"],
  ])("is read up to a bound, and the rest of its %s stays as it was written", (_, before, after, sign) => {
    const page = html(`${before}words${after}`);
    expect(page.split(sign).length).toBeLessThan(700);
    const marks = after.trim().slice(-10).trim();
    expect(page.replace(/(<\/\w+>)+$/, "").endsWith(marks)).toBe(true);
  });

  test.each([
    ["bold words", BOLD.repeat(150), "<strong>", 150],
    ["paragraphs", `${BOLD.repeat(50)}\n\n`.repeat(20), "<strong>", 1000],
    ["a list", `- ${BOLD}\n`.repeat(300), "<strong>", 300],
    ["sources", "- [source](https://ok.example)\n".repeat(300), "<a ", 300],
    ["a table", `| a | b |\n|---|---|\n${"| **c** | *d* |\n".repeat(300)}`, "<strong>", 300],
    ["underlined headings", "Title\n---\n\nWords.\n\n".repeat(50), "md-heading", 50],
  ])("of ordinary length is read whole: %s", (_, text, sign, count) => {
    expect(html(text).split(sign).length - 1).toBe(count);
  });

  test("links only to absolute web and mail addresses", () => {
    expect(safeAddress("https://ok.example/a")).toBe("https://ok.example/a");
    expect(safeAddress("mailto:a@ok.example")).toBe("mailto:a@ok.example");
    for (const url of ["javascript:alert(1)", "data:text/html,x", "ftp://x", "/here", "//evil.example", ""]) {
      expect(safeAddress(url)).toBeNull();
    }
  });
});

describe("quotes", () => {
  test("are marked where they stand, across emphasis and whatever the white space", () => {
    expect(html("We see **strong  growth** in Brazil.", ["see strong growth\nin"])).toBe(
      "<p>We <mark>see</mark> <strong><mark>strong  growth</mark></strong> <mark>in</mark> Brazil.</p>",
    );
  });

  test("are marked every time, and leave the rest of the text as it was", () => {
    expect(html("Wait. Then act. Wait.", ["wait."])).toBe(
      "<p><mark>Wait.</mark> Then act. <mark>Wait.</mark></p>",
    );
  });

  test("that are not in the text mark nothing", () => {
    expect(html("Some words", ["other words entirely", ""])).toBe("<p>Some words</p>");
  });
});
