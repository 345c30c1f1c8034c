"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { type ReactNode, useEffect, useRef, useState } from "react";
import useSWRInfinite from "swr/infinite";
import { bodyOf, type Schemas } from "@/api/client";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Empty, Skeletons, Trouble } from "@/ui/states";
import { useVisible } from "@/ui/visible";
import {
  addressOf,
  arrived,
  type Course,
  type Filter,
  filterIn,
  isFiltered,
  PANEL_TYPES,
  parametersOf,
  queryOf,
  STATUSES,
  steered,
} from "./filter";
import { PanelCard } from "./panel-card";
import { Usage } from "./usage";

type Page = Schemas["PanelPage"];

const BUSY = 3000;
const QUIET = 20_000;
/**
 * Running panels whose cards follow their streams; more are read with the list. Over HTTP/1.1 a browser has six
 * connections to a host, for all its tabs together.
 */
const MOST_LIVE = 2;

const isAtWork = ({ status }: Page["panels"][number]): boolean =>
  status === "running" || status === "created";
const isBusy = (page: Page): boolean => page.panels.some(isAtWork);

/** The tenant's panels, what they cost, and the way to a new one. */
export function Dashboard(): ReactNode {
  const filter = filterIn(useSearchParams());
  const { role, may_create: mayCreate } = useTenant();
  const [listed, setListed] = useState(false);
  return (
    <main className="page" id="content">
      <div className="page-head">
        <h1>{text.panels.title}</h1>
        {role !== "guest" && mayCreate && (
          <Link className="button primary" href="/new/">
            {text.panels.ask}
          </Link>
        )}
      </div>
      <Filters filter={filter} />
      <List filter={filter} onListed={setListed} />
      {/* Read at once, shown below the list when that has its height: nothing that is seen is moved. */}
      <div hidden={!listed}>
        <Usage />
      </div>
    </main>
  );
}

function List({
  filter,
  onListed,
}: {
  readonly filter: Filter;
  readonly onListed: (listed: boolean) => void;
}): ReactNode {
  const { api } = useSession();
  const { role } = useTenant();
  const isVisible = useVisible();
  const [isBusyBelow, setIsBusyBelow] = useState(false);
  const { data, error, mutate, size, setSize, isValidating } = useSWRInfinite<Page, unknown>(
    (number: number, before: Page | null) => {
      if (before !== null && before.next_cursor == null) return null;
      return [
        "panels",
        parametersOf(filter).toString(),
        number === 0 ? "" : (before?.next_cursor ?? ""),
      ] as const;
    },
    ([, , cursor]: readonly [string, string, string]) =>
      bodyOf(
        api.GET("/api/v1/panels", {
          params: { query: { ...queryOf(filter), limit: 24, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    {
      keepPreviousData: true,
      revalidateFirstPage: true,
      revalidateAll: isBusyBelow,
      refreshInterval: (pages) => (pages?.some(isBusy) ? BUSY : QUIET),
    },
  );
  // Later pages are read again only while a panel on one of them is at work.
  const busyBelow = data?.slice(1).some(isBusy) ?? false;
  useEffect(() => setIsBusyBelow(busyBelow), [busyBelow]);
  const listed = data !== undefined || error !== undefined;
  useEffect(() => onListed(listed), [listed, onListed]);
  if (data === undefined) {
    return error === undefined ? (
      <Skeletons count={6} label={text.loading} />
    ) : (
      <Trouble error={error} onRetry={() => void mutate()} />
    );
  }
  const panels = data.flatMap((page) => page.panels);
  const live = new Set(
    panels
      .filter(isAtWork)
      .slice(0, isVisible ? MOST_LIVE : 0)
      .map((panel) => panel.id),
  );
  if (panels.length === 0) {
    return isFiltered(filter) ? (
      <Empty title={text.panels.none} help={text.panels.noneHelp}>
        <Link className="button" href="/">
          {text.panels.clear}
        </Link>
      </Empty>
    ) : (
      <Empty title={text.panels.empty} help={text.panels.emptyHelp}>
        {role !== "guest" && (
          <Link className="button primary" href="/new/">
            {text.panels.ask}
          </Link>
        )}
      </Empty>
    );
  }
  return (
    <section aria-label={text.panels.title}>
      {error !== undefined && <Trouble error={error} onRetry={() => void mutate()} />}
      <div className="list-head">
        <p className="hint" role="status">
          {text.panels.count(data[0]?.total ?? 0, data[0]?.total_is_exact ?? true)}
        </p>
        <a href="#usage">{text.usage.title}</a>
      </div>
      <ul className="cards">
        {panels.map((panel) => (
          <li key={panel.id}>
            <PanelCard panel={panel} onEnd={live.has(panel.id) ? () => void mutate() : null} />
          </li>
        ))}
      </ul>
      {data.at(-1)?.next_cursor != null && (
        <button
          type="button"
          className="button more"
          disabled={isValidating}
          onClick={() => void setSize(size + 1)}
        >
          {text.panels.more}
        </button>
      )}
    </section>
  );
}

function Filters({ filter }: { readonly filter: Filter }): ReactNode {
  const router = useRouter();
  const [words, setWords] = useState(filter.q);
  const course = useRef<Course>({ wanted: filter, sent: [] });
  const go = (change: Partial<Filter>): void => {
    const before = course.current.wanted;
    course.current = steered(course.current, change);
    const { wanted } = course.current;
    if (wanted !== before) router.replace(addressOf(wanted), { scroll: false });
  };
  const address = addressOf(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a filter is its address, and an object anew each time
  useEffect(() => {
    const before = course.current.wanted;
    course.current = arrived(course.current, filter);
    const { wanted } = course.current;
    if (wanted !== before) setWords(wanted.q);
  }, [address]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => {
    const timer = setTimeout(() => go({ q: words }), 250);
    return () => clearTimeout(timer);
  }, [words]);

  return (
    <search className="filters">
      <label className="field grow">
        <span>{text.panels.search}</span>
        <input
          type="search"
          maxLength={200}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      </label>
      <label className="field">
        <span>{text.panels.status}</span>
        <select
          value={filter.status}
          onChange={(event) => go({ status: event.target.value as Filter["status"] })}
        >
          <option value="">{text.panels.any}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {text.statuses[status]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{text.panels.type}</span>
        <select value={filter.type} onChange={(event) => go({ type: event.target.value as Filter["type"] })}>
          <option value="">{text.panels.any}</option>
          {PANEL_TYPES.map((type) => (
            <option key={type} value={type}>
              {text.types[type]?.name ?? type}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{text.panels.from}</span>
        <input type="date" value={filter.from} onChange={(event) => go({ from: event.target.value })} />
      </label>
      <label className="field">
        <span>{text.panels.to}</span>
        <input type="date" value={filter.to} onChange={(event) => go({ to: event.target.value })} />
      </label>
      {isFiltered(filter) && (
        <button
          type="button"
          className="link"
          onClick={() => {
            setWords("");
            go({ q: "", status: "", type: "", from: "", to: "" });
          }}
        >
          {text.panels.clear}
        </button>
      )}
    </search>
  );
}
