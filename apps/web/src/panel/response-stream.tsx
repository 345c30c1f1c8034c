import { createContext, type ReactNode, useContext, useMemo } from "react";
import { text } from "@/text";
import { statedStance } from "./ballots";
import { ExpertResponse } from "./expert-response";
import type { PanelState, Round, Turn } from "./fold";
import { answeredSoFar, type Links, linksOf } from "./links";

const LinksContext = createContext<ReadonlyMap<string, Links>>(new Map());

/** Which answer speaks to which; the same object until another answer is there, so that cards rest. */
function useLinks(panel: PanelState): ReadonlyMap<string, Links> {
  const answered = answeredSoFar(panel);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another answer changes a link
  return useMemo(() => linksOf(panel), [answered]);
}

/** All rounds with their answers, in the order of the protocol. */
export function ResponseStream({ panel }: { readonly panel: PanelState }): ReactNode {
  const links = useLinks(panel);
  const before = new Map<number, string>();
  return (
    <LinksContext value={links}>
      <div className="rounds">
        {panel.rounds.map((round) => {
          const previous = new Map(before);
          for (const turn of round.turns) {
            const stance = statedStance(turn);
            if (turn.seat !== null && stance !== null) before.set(turn.seat, stance);
          }
          return (
            <RoundSection
              key={round.number}
              round={round}
              previous={previous}
              type={panel.created?.panel_type ?? ""}
            />
          );
        })}
      </div>
    </LinksContext>
  );
}

interface SectionProps {
  readonly round: Round;
  readonly previous: ReadonlyMap<number, string>;
  readonly type: string;
}

function RoundSection({ round, previous, type }: SectionProps): ReactNode {
  const debate = type === "adversarial" && round.turns.some((turn) => turn.step.length > 1);
  const name = debate ? text.purposes["debate"] : (text.purposes[round.purpose] ?? round.purpose);
  return (
    <section className="round" id={`round-${round.number}`} aria-labelledby={`round-${round.number}-name`}>
      <h3 id={`round-${round.number}-name`}>
        <span>{text.panel.round(round.number)}</span> {name}
      </h3>
      {round.turns.length === 0 && <p className="hint">{text.panel.noTurns}</p>}
      {debate ? (
        <Debate turns={round.turns} previous={previous} />
      ) : (
        <Cards turns={round.turns} previous={previous} />
      )}
    </section>
  );
}

function Cards({
  turns,
  previous,
}: {
  readonly turns: readonly Turn[];
  readonly previous: ReadonlyMap<number, string>;
}): ReactNode {
  const links = useContext(LinksContext);
  return (
    <div className="answers">
      {inSeatOrder(turns).map((turn) => (
        <ExpertResponse
          key={turn.key}
          turn={turn}
          links={links.get(turn.key) ?? null}
          previous={turn.seat === null ? null : (previous.get(turn.seat) ?? null)}
        />
      ))}
    </div>
  );
}

/** Cards keep their places while answers come in any order. */
function inSeatOrder(turns: readonly Turn[]): readonly Turn[] {
  return turns.toSorted((one, other) => (one.seat ?? 99) - (other.seat ?? 99));
}

/** A debate: what is said for and against side by side, then questions, votes and the judge. */
function Debate({
  turns,
  previous,
}: {
  readonly turns: readonly Turn[];
  readonly previous: ReadonlyMap<number, string>;
}): ReactNode {
  const groups = Map.groupBy(turns, (turn) => `${turn.step.slice(1)}:${turn.purpose}`);
  return (
    <>
      {[...groups].map(([group, members]) => {
        const sided = members.some((turn) => turn.role === "pro" || turn.role === "con");
        return (
          <div key={group} className="step">
            <h4 className="step-name">
              {text.steps[group] ?? text.purposes[members[0]?.purpose ?? ""] ?? group}
            </h4>
            {sided ? (
              <div className="sides">
                {(["pro", "con"] as const).map((side) => (
                  <div key={side} className={`side ${side}`}>
                    <h5>{text.roles[side]}</h5>
                    <Cards turns={members.filter((turn) => turn.role === side)} previous={previous} />
                  </div>
                ))}
                <Cards
                  turns={members.filter((turn) => turn.role !== "pro" && turn.role !== "con")}
                  previous={previous}
                />
              </div>
            ) : (
              <Cards turns={members} previous={previous} />
            )}
          </div>
        );
      })}
    </>
  );
}
