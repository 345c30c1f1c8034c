import { memo, type ReactNode, useState } from "react";
import { duration } from "@/format";
import { render } from "@/markdown/render";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { Confidence } from "@/ui/stance";
import { isBallot } from "./ballots";
import { Citations } from "./evidence";
import { answerId, reveal, useFocus } from "./focus";
import type { Turn } from "./fold";
import type { Links, Ref } from "./links";
import { whySilent } from "./silence";
import { Vote } from "./vote";

const LONG = 900;
const NO_QUOTES: readonly string[] = [];

interface Props {
  readonly turn: Turn;
  /** What the seat's position was before, where this answer may have changed it. */
  readonly previous: string | null;
  /** What it answers and what answers it; null where nothing does. */
  readonly links: Links | null;
}

/** One answer: filling while its tokens arrive, then whole, or why there is none. */
export function ExpertResponse({ turn, previous, links }: Props): ReactNode {
  const { quotes } = useFocus();
  const id = turn.response?.response_id ?? null;
  return (
    <Card
      turn={turn}
      previous={previous}
      links={links}
      quotes={(id !== null && quotes.get(id)) || NO_QUOTES}
    />
  );
}

const Card = memo(function Card({
  turn,
  previous,
  links,
  quotes,
}: Props & { readonly quotes: readonly string[] }): ReactNode {
  const { response } = turn;
  return (
    <article
      className={`answer card phase-${turn.phase} role-${turn.role} ${quotes.length > 0 ? "quoted" : ""}`}
      id={response === null ? undefined : answerId(response.response_id)}
      tabIndex={-1}
      aria-busy={turn.phase === "speaking"}
      aria-label={`${turn.name}, ${text.panel.phases[turn.phase] ?? turn.phase}`}
    >
      <header>
        <Avatar name={turn.name} seat={turn.seat} />
        <div className="answer-who">
          <h4>{turn.name}</h4>
          <p>
            {turn.role !== "expert" && (
              <span className={`role ${turn.role}`}>{text.roles[turn.role] ?? turn.role}</span>
            )}
            {turn.model !== null && <span className="mono">{turn.model}</span>}
            {turn.attempt > 1 && <span>{text.panel.attempt(turn.attempt)}</span>}
          </p>
        </div>
        <Vote turn={turn} />
      </header>
      {links !== null && links.to.length > 0 && (
        <Refs title={turn.purpose === "question" ? text.panel.asks : text.panel.answersTo} refs={links.to} />
      )}
      {links !== null && links.asked.length > 0 && <Asked questions={links.asked} />}
      <Body turn={turn} quotes={quotes} />
      {turn.late && <p className="note small">{text.panel.late}</p>}
      {response !== null && <Details turn={turn} previous={previous} />}
      {links !== null && links.from.length > 0 && (
        <Refs
          title={
            links.from.every(({ purpose }) => purpose === "question")
              ? text.panel.questionedBy
              : text.panel.answeredBy
          }
          refs={links.from}
        />
      )}
    </article>
  );
});

/** The way to the answers this one belongs to. */
function Refs({ title, refs }: { readonly title: string; readonly refs: readonly Ref[] }): ReactNode {
  return (
    <p className="refs">
      <span>{title}</span>
      {refs.map((ref) => (
        <button key={ref.responseId} type="button" onClick={() => reveal(ref.responseId)}>
          <Avatar name={ref.name} seat={ref.seat} size="small" />
          {ref.name}
        </button>
      ))}
    </p>
  );
}

/** The questions put to a seat, above its answer to them. */
function Asked({ questions }: { readonly questions: readonly string[] }): ReactNode {
  return (
    <ol className="asked" aria-label={text.panel.questionsPut}>
      {questions.map((question) => (
        <li key={question}>{question}</li>
      ))}
    </ol>
  );
}

function Body({ turn, quotes }: { readonly turn: Turn; readonly quotes: readonly string[] }): ReactNode {
  const [open, setOpen] = useState(false);
  if (turn.phase === "failed") return <p className="answer-failed">{whySilent(turn)}</p>;
  if (turn.phase === "retrying") {
    const failure = turn.failures.at(-1);
    const reason = failure ? (text.failures[failure.reason] ?? failure.reason) : "";
    return <p className="answer-failed">{`${reason}; ${text.panel.phases["retrying"]}`}</p>;
  }
  if (turn.phase === "stopped") {
    return (
      <>
        {turn.text !== "" && <p className="answer-text unfinished">{turn.text} …</p>}
        <p className="answer-stopped">{whySilent(turn)}</p>
      </>
    );
  }
  if (turn.phase === "speaking") {
    return turn.text === "" ? (
      <p className="thinking">
        <span aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        {text.panel.thinking}
      </p>
    ) : (
      <p className="answer-text typing">{turn.text}</p>
    );
  }
  if (turn.text === "") return null; // a person may approve or veto without a word
  const long = turn.text.length > LONG;
  const clamped = long && !open && quotes.length === 0;
  return (
    <>
      <div className={`answer-text prose ${clamped ? "clamped" : ""}`}>{render(turn.text, quotes)}</div>
      {long && quotes.length === 0 && (
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? text.panel.showLess : text.panel.showAll}
        </button>
      )}
    </>
  );
}

function Details({ turn, previous }: Pick<Props, "turn" | "previous">): ReactNode {
  const { response } = turn;
  if (response === null) return null;
  if (!("answer" in response)) {
    return (
      <p className="fact">
        <span>{text.human.did[response.action] ?? response.action}</span>
      </p>
    );
  }
  const { answer } = response;
  const changed =
    answer.changed === true || (previous !== null && response.stance != null && previous !== response.stance);
  return (
    <>
      {answer.judgement && <Judgement judgement={answer.judgement} />}
      {(answer.questions?.length ?? 0) > 0 && (
        <Points title={text.panel.questions} points={answer.questions ?? []} ordered />
      )}
      {(answer.conditions?.length ?? 0) > 0 && (
        <Points title={text.panel.conditions} points={answer.conditions ?? []} />
      )}
      {answer.ratings && <Ratings ratings={answer.ratings} />}
      {answer.forecast && (
        <p className="fact">
          <span>{text.panel.forecast}</span> {answer.forecast.value}
          {answer.forecast.low !== undefined && ` (${answer.forecast.low} – ${answer.forecast.high ?? ""})`}
        </p>
      )}
      <Citations ids={answer.citations ?? []} />
      {changed && isBallot(turn) && (
        <p className="changed">
          <strong>{text.panel.changed}</strong>
          {previous !== null && response.stance != null && previous !== response.stance && (
            <>
              : {text.stances[previous] ?? previous} → {text.stances[response.stance] ?? response.stance}
            </>
          )}
          {answer.cause && <q>{answer.cause}</q>}
        </p>
      )}
      <footer>
        {response.confidence != null && isBallot(turn) && <Confidence share={response.confidence} />}
        <span>{duration(response.execution_time_ms)}</span>
      </footer>
    </>
  );
}

function Points({
  title,
  points,
  ordered = false,
}: {
  readonly title: string;
  readonly points: readonly string[];
  readonly ordered?: boolean;
}): ReactNode {
  const List = ordered ? "ol" : "ul";
  return (
    <div className="points">
      <h5>{title}</h5>
      <List>
        {points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </List>
    </div>
  );
}

function Judgement({
  judgement,
}: {
  readonly judgement: {
    readonly strongest_pro: string;
    readonly strongest_con: string;
    readonly unresolved?: readonly string[];
  };
}): ReactNode {
  return (
    <dl className="judgement">
      <dt>{text.panel.strongestPro}</dt>
      <dd>{judgement.strongest_pro}</dd>
      <dt>{text.panel.strongestCon}</dt>
      <dd>{judgement.strongest_con}</dd>
      {(judgement.unresolved?.length ?? 0) > 0 && (
        <>
          <dt>{text.panel.unresolved}</dt>
          {judgement.unresolved?.map((one) => (
            <dd key={one}>{one}</dd>
          ))}
        </>
      )}
    </dl>
  );
}

function Ratings({ ratings }: { readonly ratings: readonly (number | null)[] }): ReactNode {
  return (
    <p className="fact">
      <span>{text.purposes["rating"]}</span> {ratings.map((rating) => rating ?? "–").join(" · ")}
    </p>
  );
}
