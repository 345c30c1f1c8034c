"use client";

import Link from "next/link";
import { type ReactNode, useDeferredValue, useState } from "react";
import useSWR from "swr";
import { bodyOf, type Schemas } from "@/api/client";
import { haystack } from "@/ask/agent-selector";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { Empty, Skeletons, Trouble } from "@/ui/states";

type Expert = Schemas["ExpertAnswer"];

/** `/experts/`: who may sit on a panel. */
export function ExpertsPage(): ReactNode {
  const { api } = useSession();
  const { data, error, mutate } = useSWR(
    "agents",
    async () => (await bodyOf(api.GET("/api/v1/agents"))).agents,
  );
  const [words, setWords] = useState("");
  const [domain, setDomain] = useState("");
  const wanted = useDeferredValue(words.toLowerCase());
  // Reserve seats exist for load tests: they can be named, but are not offered.
  const offered = data
    ?.filter((expert) => !expert.bench)
    .toSorted((one, other) => one.name.localeCompare(other.name));
  const domains = [...new Set(offered?.map((expert) => expert.domain))].toSorted();
  const found = offered?.filter(
    (expert) => (domain === "" || expert.domain === domain) && haystack(expert).includes(wanted),
  );
  return (
    <main className="page" id="content">
      <h1>{text.experts.title}</h1>
      <p className="lead">{text.experts.lead}</p>
      <search className="filters">
        <label className="field grow">
          <span>{text.experts.search}</span>
          <input type="search" value={words} onChange={(event) => setWords(event.target.value)} />
        </label>
        <label className="field">
          <span>{text.experts.domain}</span>
          <select value={domain} onChange={(event) => setDomain(event.target.value)}>
            <option value="">{text.experts.all}</option>
            {domains.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </search>
      {error !== undefined && <Trouble error={error} onRetry={() => void mutate()} />}
      {data === undefined && error === undefined && <Skeletons count={6} label={text.loading} />}
      {found && (
        <p className="hint" role="status">
          {text.experts.count(found.length)}
        </p>
      )}
      {found?.length === 0 && <Empty title={text.experts.none} help={text.panels.noneHelp} />}
      <ul className="cards">
        {found?.map((expert, place) => (
          <li key={expert.id}>
            <ExpertCard expert={expert} place={place} />
          </li>
        ))}
      </ul>
    </main>
  );
}

function ExpertCard({ expert, place }: { readonly expert: Expert; readonly place: number }): ReactNode {
  const { role } = useTenant();
  return (
    <article className="card expert-card">
      <header>
        <Avatar name={expert.name} seat={place} />
        <div>
          <h2>{expert.name}</h2>
          <p className="hint">{expert.title}</p>
        </div>
      </header>
      <p>{expert.summary}</p>
      <p className="panel-card-top">
        <span className="chip">{expert.domain}</span>
        <span className="chip">{expert.temperament}</span>
      </p>
      <details>
        <summary>{text.experts.tags}</summary>
        <p className="hint">{expert.tags.join(", ")}</p>
        <p className="hint">
          {text.experts.id} <span className="mono">{expert.id}</span> · {text.experts.version}{" "}
          {expert.version}
        </p>
        {role !== "guest" && (
          <Link className="link" href={`/new/?expert=${expert.id}`}>
            {text.experts.ask}
          </Link>
        )}
      </details>
    </article>
  );
}
