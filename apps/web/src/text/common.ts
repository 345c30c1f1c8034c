/** What stands on every page. */
import { n } from "./count";

export const common = {
  product: "Ask Panel",
  skip: "Skip to content",
  nav: { label: "Main", panels: "Panels", ask: "New panel", experts: "Experts" },
  theme: { label: "Colour theme", light: "Light", dark: "Dark", auto: "As the system" },
  loading: "Loading…",
  retry: "Try again",
  cancel: "Cancel",
  copied: "Copied",
  notCopied: "Could not be copied",
  problems: {
    unreachable: "The gateway does not answer. Check your connection; your work is kept.",
    behind: "The tables do not show this panel whole yet.",
    trace: (id: string): string => `Reference for an operator: ${id}`,
    wait: (seconds: number): string => `Try again in ${n(seconds, "second")}.`,
    waitUntil: (when: string): string => `Try again after ${when}.`,
    bug: "This page made a mistake; the gateway is not to blame. Reload the page; drafts are kept.",
    title: "That did not work",
    missing: "It is not there",
    notFound: "There is no such panel.",
    notFoundHelp: "It may belong to another tenant, or its address was cut short.",
    pageNotFound: "There is no such page.",
    back: "Back to your panels",
    reload: "Reload the page",
  },
} as const;
