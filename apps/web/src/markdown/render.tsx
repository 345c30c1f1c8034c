/**
 * What a model wrote, as React elements: an allow-list over the parsed Markdown, never HTML.
 *
 * Raw HTML is shown as the text it is. Images become their description: loading one would tell its host
 * who reads. A link keeps its address only if it is http(s) or mailto and absolute. Headings start below
 * the page's own.
 */
import type { Nodes, Parents, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmTable } from "micromark-extension-gfm-table";
import { Fragment, type ReactNode } from "react";
import { bounded } from "./bounded";
import { markQuotes } from "./quotes";

/** How deep quotations, lists and emphasis may stand in each other: more than prose needs, less than a stack holds. */
const DEEPEST = 50;

/** More marks in a row than that, of lists and quotations or of emphasis: the parser takes minutes for thousands. */
const TANGLED = /^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))){51}|\*{101}(?=[^\s*])|_{101}(?=[^\s_])/m;

export function parse(text: string): Root {
  if (TANGLED.test(text)) return asWritten(text);
  const root = fromMarkdown(text, {
    extensions: [gfmTable(), bounded],
    mdastExtensions: [gfmTableFromMarkdown()],
  });
  flatten(root, text, 1);
  return root;
}

/** The paragraphs of a text, unread. */
function asWritten(text: string): Root {
  const paragraphs = text.split(/\n\s*\n/);
  return {
    type: "root",
    children: paragraphs.map((value) => ({ type: "paragraph", children: [{ type: "text", value }] })),
  };
}

/** What stands deeper than `DEEPEST` becomes the text that was written. */
function flatten(parent: Parents, text: string, depth: number): void {
  const siblings = parent.children as Nodes[];
  for (const [place, node] of siblings.entries()) {
    if (!("children" in node)) continue;
    // A table is three deep and no more; its rows and cells are not torn from it.
    if (depth <= DEEPEST || node.type === "tableRow" || node.type === "tableCell")
      flatten(node, text, depth + 1);
    else siblings[place] = { type: "text", value: sourceOf(node, text) };
  }
}

function sourceOf({ position }: Nodes, text: string): string {
  return text.slice(position?.start.offset, position?.end.offset);
}

/** The address if a reader may follow it, null otherwise. */
export function safeAddress(url: string): string | null {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" || protocol === "mailto:" ? href : null;
  } catch {
    return null; // not absolute: an answer has no page of ours to point to
  }
}

/** The text as elements; the words of `quotes` found in it are marked. */
export function render(text: string, quotes: readonly string[] = []): ReactNode {
  const root = parse(text);
  return children(quotes.length === 0 ? root : markQuotes(root, quotes));
}

function children(parent: Parents): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text has no other names for its parts
  return parent.children.map((node, index) => <Fragment key={index}>{element(node)}</Fragment>);
}

function element(node: Nodes): ReactNode {
  switch (node.type) {
    case "text":
      return node.data && "marked" in node.data ? <mark>{node.value}</mark> : node.value;
    case "paragraph":
      return <p>{children(node)}</p>;
    case "emphasis":
      return <em>{children(node)}</em>;
    case "strong":
      return <strong>{children(node)}</strong>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          <code>{node.value}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{children(node)}</blockquote>;
    case "list":
      return node.ordered ? <ol start={node.start ?? 1}>{children(node)}</ol> : <ul>{children(node)}</ul>;
    case "listItem":
      return <li>{children(node)}</li>;
    case "heading":
      return <p className="md-heading">{children(node)}</p>;
    case "thematicBreak":
      return <hr />;
    case "break":
      return <br />;
    case "link":
      return link(node.url, children(node));
    case "image":
      return <span className="md-image">{node.alt || "image"}</span>;
    case "html":
      return node.value;
    case "table":
      return table(node.children.map((row) => row.children.map((cell) => children(cell))));
    default:
      return "children" in node ? children(node) : "value" in node ? String(node.value) : null;
  }
}

function link(url: string, content: ReactNode): ReactNode {
  const address = safeAddress(url);
  if (address === null) return <span>{content}</span>;
  return (
    <a href={address} rel="noopener noreferrer nofollow" target="_blank" title={address}>
      {content}
    </a>
  );
}

function table(rows: readonly (readonly ReactNode[])[]): ReactNode {
  const [head = [], ...body] = rows;
  /* biome-ignore-start lint/suspicious/noArrayIndexKey: cells have no other names */
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard
    <div className="md-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, number) => (
            <tr key={number}>
              {row.map((cell, index) => (
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
  /* biome-ignore-end lint/suspicious/noArrayIndexKey: cells have no other names */
}
