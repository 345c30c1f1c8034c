"use client";

import type { ReactNode } from "react";
import { percent } from "@/format";
import { render } from "@/markdown/render";
import { text } from "@/text";
import { Gauge } from "@/ui/gauge";
import { StancePill } from "@/ui/stance";
import { demonstrationOf } from "./demonstration";
import { useFocus } from "./focus";
import type { Consensus, PanelState } from "./fold";
import { results } from "./fold";
import { type Metrics, metricsOf } from "./metrics";
import { withoutNotes } from "./recommendation";
import { leaderOf } from "./verdict";

interface Props {
  readonly panel: PanelState;
  readonly consensus: Consensus;
}

type Completed = NonNullable<PanelState["completed"]>;

/** What the panel recommends, and how firmly. Above it stands whatever was missing. */
export function Recommendation({ panel, consensus }: Props): ReactNode {
  const metrics = metricsOf(consensus.metrics);
  const final = panel.completed;
  const demonstration = demonstrationOf(panel);
  // What was missing stands above, once.
  const degraded = final?.degraded ?? consensus.degraded ?? [];
  return (
    <section className="card recommendation" aria-labelledby="recommendation">
      {final !== null && demonstration !== null && (
        <p className="banner wait demonstration">{demonstration}</p>
      )}
      <div className="recommendation-gauge">
        <Gauge level={consensus.consensus_level} threshold={consensus.threshold} />
        <p className="band">{text.bands[consensus.band] ?? consensus.band}</p>
        <p className="hint">{text.result.threshold(percent(consensus.threshold))}</p>
      </div>
      <div className="recommendation-words">
        <h2 id="recommendation" className="kicker">
          {final ? text.result.recommendation : text.result.soFar}
        </h2>
        <Verdict panel={panel} band={consensus.band} metrics={metrics} />
        <div className={`recommendation-text prose ${metrics.items.length > 0 ? "alone" : ""}`}>
          {render(withoutNotes(final?.recommendation ?? consensus.recommendation, degraded))}
        </div>
        <ChairWords summary={final?.summary} />
        {final && <Signed completed={final} />}
        <Votes panel={panel} metrics={metrics} />
        <p className="hint">
          {text.result.method} {(text.methods[consensus.method] ?? consensus.method).toLowerCase()}
          {metrics.voters !== null &&
            metrics.effective !== null &&
            ` · ${text.panel.effective(metrics.effective.toFixed(1), metrics.voters)}`}
          {final && ` · ${text.stops[final.stop_reason] ?? final.stop_reason}`}
        </p>
        <Cautions consensus={consensus} metrics={metrics} />
      </div>
    </section>
  );
}

/** The result of a panel of which nothing was counted: its last words, and those of the chair. */
export function Uncounted({ completed }: { readonly completed: Completed }): ReactNode {
  return (
    <section className="card recommendation uncounted" aria-labelledby="recommendation">
      <div>
        <h2 id="recommendation" className="kicker">
          {text.result.recommendation}
        </h2>
        <div className="recommendation-text prose">{render(completed.recommendation)}</div>
        <ChairWords summary={completed.summary} />
        <Signed completed={completed} />
        <p className="hint">{text.stops[completed.stop_reason] ?? completed.stop_reason}</p>
      </div>
    </section>
  );
}

function Signed({ completed }: { readonly completed: Completed }): ReactNode {
  return completed.ratified_by ? <p className="note good">{text.result.ratified}</p> : null;
}

function ChairWords({ summary }: { readonly summary: string | null | undefined }): ReactNode {
  if (!summary) return null;
  return (
    <blockquote className="chair">
      <p className="hint">{text.result.chair}</p>
      <div className="prose">{render(summary)}</div>
    </blockquote>
  );
}

/** The leading position in a word, with its votes; nothing where ratings were counted instead. */
function Verdict({
  panel,
  band,
  metrics,
}: {
  readonly panel: PanelState;
  readonly band: Consensus["band"];
  readonly metrics: Metrics;
}): ReactNode {
  const leader = leaderOf(panel, band, metrics);
  if (leader === null) return null;
  if (leader === "split") return <p className="verdict-line">{text.result.tied}</p>;
  const option = panel.created?.options.find((one) => one.id === leader.position);
  const name = option?.text ?? text.verdicts[leader.position];
  // A theme of an open panel is a sentence: it stands in the text.
  if (name === undefined) return null;
  const all = metrics.positions.reduce((sum, position) => sum + position.voters.length, 0);
  return (
    <p className="verdict-line">
      <bdi>{name}</bdi> <span>{text.result.votesOf(leader.voters.length, all)}</span>
    </p>
  );
}

/** The votes as one bar, the leading position first; who is behind each part stands further down. */
function Votes({ panel, metrics }: { readonly panel: PanelState; readonly metrics: Metrics }): ReactNode {
  const all = metrics.positions.reduce((sum, position) => sum + position.voters.length, 0);
  if (all === 0 || metrics.items.length > 0) return null;
  return (
    <div className="votes">
      <div className="votes-bar" aria-hidden="true">
        {metrics.positions.map((position, place) => (
          <span
            key={position.position}
            className={`stance-${position.position} place-${place}`}
            style={{ flexGrow: position.voters.length }}
          />
        ))}
      </div>
      <ul>
        {metrics.positions.map((position, place) => (
          <li key={position.position} className={`stance-${position.position} place-${place}`}>
            <i aria-hidden="true" />
            <strong>{position.voters.length}</strong> {positionName(panel, position)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function positionName(panel: PanelState, position: Metrics["positions"][number]): string {
  const option = panel.created?.options.find((one) => one.id === position.position);
  return option?.text ?? text.stances[position.position] ?? position.text;
}

function Cautions({
  consensus,
  metrics,
}: {
  readonly consensus: Consensus;
  readonly metrics: Metrics;
}): ReactNode {
  const cautions = [
    ...(consensus.quorum.models === 1 ? [text.panel.oneModel] : []),
    ...metrics.flags.map((flag) => text.result.flags[flag] ?? text.result.otherFlag(flag)),
    ...(metrics.interval && (metrics.voters ?? 9) < 9
      ? [
          `${text.result.consensus}: ${text.result.likely(percent(metrics.interval[0]), percent(metrics.interval[1]))}.`,
        ]
      : []),
  ];
  if (cautions.length === 0) return null;
  return (
    <ul className="cautions">
      {cautions.map((caution) => (
        <li key={caution}>{caution}</li>
      ))}
    </ul>
  );
}

/** Agreement, disagreement, dissent, the votes, and what the discussion changed. */
export function ConsensusDisplay({ panel, consensus }: Props): ReactNode {
  const metrics = metricsOf(consensus.metrics);
  return (
    <div className="consensus">
      <section className="card" aria-labelledby="agreement">
        <h3 id="agreement">{text.result.agreement}</h3>
        {consensus.agreement_points.length === 0 && <p className="hint">{text.result.noAgreement}</p>}
        <ul className="point-list">
          {consensus.agreement_points.map((point) => (
            <li key={point.text}>
              <p>{point.text}</p>
              <Names panel={panel} ids={point.supporters} />
              <QuotesButton quotes={point.quotes ?? []} />
            </li>
          ))}
        </ul>
      </section>
      <section className="card" aria-labelledby="disagreement">
        <h3 id="disagreement">{text.result.disagreement}</h3>
        {consensus.disagreement_points.length === 0 && <p className="hint">{text.result.noDisagreement}</p>}
        <ul className="point-list">
          {consensus.disagreement_points.map((point) => (
            <li key={point.text}>
              <p>{point.text}</p>
              <dl className="sides-list">
                {Object.entries(point.sides).map(([side, ids]) => (
                  <div key={side}>
                    <dt>{side in text.stances ? <StancePill stance={side} /> : nameOfSide(panel, side)}</dt>
                    <dd>
                      <Names panel={panel} ids={ids} />
                    </dd>
                  </div>
                ))}
              </dl>
              <QuotesButton quotes={point.quotes ?? []} />
            </li>
          ))}
        </ul>
      </section>
      <section className="card" aria-labelledby="dissent">
        <h3 id="dissent">{text.result.dissent}</h3>
        {consensus.dissenting_opinions.length === 0 && (
          <p className="hint">
            {panel.created?.configuration["enable_dissent"] === false
              ? text.result.dissentOff
              : text.result.noDissent}
          </p>
        )}
        {consensus.dissenting_opinions.map((dissent) => (
          <blockquote key={dissent.agent_id} className="dissent">
            <p>{dissent.opinion}</p>
            {dissent.reasoning && <p className="reasoning">{dissent.reasoning}</p>}
            <footer>
              {dissent.agent_name}
              {dissent.confidence != null && `, ${text.panel.confidenceOf(percent(dissent.confidence))}`}
            </footer>
          </blockquote>
        ))}
      </section>
      {metrics.positions.length > 0 && metrics.items.length === 0 && (
        <section className="card" aria-labelledby="positions">
          <h3 id="positions">{text.result.positions}</h3>
          <Positions panel={panel} metrics={metrics} />
        </section>
      )}
      <Shift panel={panel} consensus={consensus} metrics={metrics} />
    </div>
  );
}

/** An option by its text; another side as it calls itself. */
function nameOfSide(panel: PanelState, side: string): string {
  return panel.created?.options.find((one) => one.id === side)?.text ?? side;
}

function nameOf(panel: PanelState, id: string): string {
  return (
    panel.seats.find((seat) => seat.agent_id === id)?.agent_name ??
    (id.startsWith("human:") ? text.panel.human : id)
  );
}

function Names({ panel, ids }: { readonly panel: PanelState; readonly ids: readonly string[] }): ReactNode {
  return <p className="names">{ids.map((id) => nameOf(panel, id)).join(", ")}</p>;
}

function QuotesButton({
  quotes,
}: {
  readonly quotes: readonly { readonly response_id?: string; readonly text: string }[];
}): ReactNode {
  const { show } = useFocus();
  if (quotes.length === 0) return null;
  return (
    <button type="button" className="link" onClick={() => show(quotes)}>
      {text.result.quotes(quotes.length)}: {text.result.find.toLowerCase()}
    </button>
  );
}

function Positions({ panel, metrics }: { readonly panel: PanelState; readonly metrics: Metrics }): ReactNode {
  return (
    <ul className="positions">
      {metrics.positions.map((position) => (
        <li key={position.position} className={`stance-${position.position}`}>
          <div className="positions-head">
            <span>{positionName(panel, position)}</span>
            <span>{text.result.voters(position.voters.length)}</span>
          </div>
          <div className="bar" aria-hidden="true">
            <span
              style={{
                width: `${(position.voters.length / Math.max(metrics.voters ?? 0, position.voters.length, 1)) * 100}%`,
              }}
            />
          </div>
          <Names panel={panel} ids={position.voters} />
        </li>
      ))}
    </ul>
  );
}

function Shift({ panel, consensus, metrics }: Props & { readonly metrics: Metrics }): ReactNode {
  const first = results(panel)[0];
  if (first === undefined || first.round_number === consensus.round_number) return null;
  const before = metrics.levelBefore ?? first.consensus_level;
  const now = metrics.levelNow ?? consensus.consensus_level;
  return (
    <section className="card" aria-labelledby="shift">
      <h3 id="shift">{text.result.shift}</h3>
      <dl className="shift">
        <div>
          <dt>{text.result.before}</dt>
          <dd>{percent(before)}</dd>
        </div>
        <span aria-hidden="true">→</span>
        <div>
          <dt>{text.result.after}</dt>
          <dd>{percent(now)}</dd>
        </div>
      </dl>
      {metrics.changed.length === 0 && <p className="hint">{text.result.noShift}</p>}
      <ul className="point-list">
        {metrics.changed.map((change) => (
          <li key={change.agentId}>
            <p>
              <strong>{nameOf(panel, change.agentId)}</strong>: {text.stances[change.from] ?? change.from} →{" "}
              {text.stances[change.to] ?? change.to}
            </p>
            {change.cause && <p className="names">{change.cause}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
