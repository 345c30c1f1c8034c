"use client";

import NextLink from "next/link";
import { useSearchParams } from "next/navigation";
import { type ReactNode, useEffect, useMemo } from "react";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Spinner, Trouble } from "@/ui/states";
import { Announcer } from "./announcer";
import { AspectMatrix } from "./aspects";
import { Banners } from "./banners";
import { ConsensusDisplay, Recommendation, Uncounted } from "./consensus-display";
import { type Used, usedBy } from "./cost";
import { Distributions } from "./distribution";
import { EvidenceContext, titlesOf } from "./evidence";
import { FocusProvider } from "./focus";
import { hasEnded, type PanelState, results } from "./fold";
import { HumanCheckpoint } from "./human-checkpoint";
import { PanelActions, useMayAct } from "./panel-actions";
import { PanelHeader } from "./panel-header";
import { AuditTrail, Comparison, CostByExpert } from "./records";
import { ResponseStream } from "./response-stream";
import { Seats } from "./seats";
import { Timeline } from "./timeline";
import { type Followed, usePanel } from "./use-panel";
import { useUsage } from "./use-usage";
import { OptionsContext } from "./vote";

/** `/panel/?id=…`: the panel while it runs, and its result when it has ended. */
export function PanelPage(): ReactNode {
  const id = useSearchParams().get("id");
  if (id === null || id === "") {
    return (
      <main className="page narrow" id="content">
        <Missing />
      </main>
    );
  }
  return <PanelStreamView key={id} panelId={id} />;
}

/** Follows one panel. */
export function PanelStreamView({ panelId }: { readonly panelId: string }): ReactNode {
  const { access } = useSession();
  const followed = usePanel(panelId, access);
  const { panel, link, refused, held } = followed;
  const query = panel.created?.query;

  useEffect(() => {
    if (query !== undefined) document.title = `${query} · ${text.product}`;
  }, [query]);

  if (refused !== null && panel.created === null) {
    return (
      <main className="page narrow" id="content">
        {refused.status === 404 || refused.status === 422 ? (
          <Missing />
        ) : (
          <>
            <h1>{text.problems.title}</h1>
            <Trouble error={refused} onRetry={followed.retry} />
          </>
        )}
      </main>
    );
  }
  if (panel.created === null) {
    return (
      <main className="page" id="content">
        <Spinner
          label={
            held !== null
              ? text.panel.held(held.message)
              : link === "reconnecting"
                ? text.panel.reconnecting
                : text.panel.connecting
          }
        />
      </main>
    );
  }
  return (
    <FocusProvider>
      <View panelId={panelId} followed={followed} />
    </FocusProvider>
  );
}

/** The way to the parts of a long result. */
function Contents({ panel, used }: { readonly panel: PanelState; readonly used: Used }): ReactNode {
  const counted = results(panel).length > 0 && panel.failed === null;
  return (
    <nav className="contents" aria-label={text.panel.contents}>
      <ul>
        {counted && (
          <li>
            <a href="#agreement">{text.result.title}</a>
          </li>
        )}
        {counted && (
          <li>
            <a href="#aspects">{text.matrix.title}</a>
          </li>
        )}
        {panel.rounds.map((round) => (
          <li key={round.number}>
            <a href={`#round-${round.number}`}>{text.panel.round(round.number)}</a>
          </li>
        ))}
        {used.spent.calls > 0 && (
          <li>
            <a href="#cost">{text.result.costTitle}</a>
          </li>
        )}
        <li>
          <a href="#audit">{text.result.audit}</a>
        </li>
      </ul>
    </nav>
  );
}

function Missing(): ReactNode {
  return (
    <>
      <h1>{text.problems.notFound}</h1>
      <p className="lead">{text.problems.notFoundHelp}</p>
      <p>
        <NextLink href="/">{text.problems.back}</NextLink>
      </p>
    </>
  );
}

function View({ panelId, followed }: { readonly panelId: string; readonly followed: Followed }): ReactNode {
  const { panel, link } = followed;
  const mayAct = useMayAct(panel.created?.user_id);
  const used = usedBy(panel, useUsage(panelId, panel));
  const last = results(panel).at(-1);
  const ended = hasEnded(panel);
  const { created } = panel;
  const options = useMemo(() => new Map(created?.options.map((one) => [one.id, one.text])), [created]);
  const evidence = useMemo(() => titlesOf(created?.evidence ?? []), [created]);
  return (
    <OptionsContext value={options}>
      <main className="page panel" id="content" data-status={panel.status} data-link={link}>
        <Announcer panel={panel} mayAct={mayAct} />
        <PanelHeader panel={panel} used={used} mayAct={mayAct}>
          <PanelActions panelId={panelId} panel={panel} />
        </PanelHeader>
        <Timeline panel={panel} />
        <Banners followed={followed} />
        {panel.awaiting !== null && !ended && (
          <HumanCheckpoint
            key={panel.awaiting.checkpoint_id}
            panelId={panelId}
            request={panel.awaiting}
            mayAnswer={mayAct}
          />
        )}
        {ended && last && panel.failed === null && <Recommendation panel={panel} consensus={last} />}
        {panel.completed && !last && <Uncounted completed={panel.completed} />}
        <div className="panel-columns">
          <div className="panel-main">
            {!ended && last && <Recommendation panel={panel} consensus={last} />}
            {ended && last && (panel.failed === null || last.agreement_points.length > 0) && (
              <>
                <h2 className="unseen">{text.result.title}</h2>
                <ConsensusDisplay panel={panel} consensus={last} />
              </>
            )}
            <Distributions panel={panel} />
            {ended && last && <AspectMatrix panelId={panelId} panel={panel} />}
            {ended && <Comparison panel={panel} />}
            <h2 className="discussion">{text.panel.discussion}</h2>
            <EvidenceContext value={evidence}>
              <ResponseStream panel={panel} />
            </EvidenceContext>
            {ended && (
              <>
                <CostByExpert panel={panel} used={used} />
                <AuditTrail panelId={panelId} />
              </>
            )}
          </div>
          <aside className="panel-side" aria-label={text.panel.seats}>
            <Seats panel={panel} />
            {ended && <Contents panel={panel} used={used} />}
          </aside>
        </div>
      </main>
    </OptionsContext>
  );
}
