"use client";

import { type ReactNode, useContext, useEffect, useId, useState } from "react";
import { bodyOf } from "@/api/client";
import { moment } from "@/format";
import { render } from "@/markdown/render";
import { useSession } from "@/session/provider";
import { ownerOf } from "@/session/store";
import { text } from "@/text";
import { Counter } from "@/ui/counter";
import { Dialog } from "@/ui/dialog";
import { Trouble } from "@/ui/states";
import { type Action, faultOf, keep, kept, LONGEST_ANSWER } from "./checkpoint";
import type { StreamData } from "./events";
import { OptionsContext } from "./vote";

const STANCES = ["support", "conditional", "oppose", "abstain"] as const;

interface Props {
  readonly panelId: string;
  readonly request: StreamData["human_requested"];
  readonly mayAnswer: boolean;
}

/** The panel waits at this checkpoint until a person answers. */
export function HumanCheckpoint({ panelId, request, mayAnswer }: Props): ReactNode {
  const session = useSession();
  const { api } = session;
  const id = useId();
  const place = `${ownerOf(session)}.${request.checkpoint_id}`;
  const [content, setContent] = useState(() => kept(place, sessionStorage));
  const options = useContext(OptionsContext);
  const [stance, setStance] = useState<(typeof STANCES)[number] | null>(null);
  const [option, setOption] = useState<string | null>(null);
  const [state, setState] = useState<"open" | "sending" | "sent">("open");
  const [error, setError] = useState<unknown>(null);
  const [missing, setMissing] = useState(false);
  const [vetoing, setVetoing] = useState(false);

  const { length } = content.trim();
  const trouble =
    length > LONGEST_ANSWER
      ? text.ask.tooLong(LONGEST_ANSWER)
      : missing && length === 0
        ? text.human.needText
        : "";
  useEffect(() => {
    keep(place, state === "sent" ? "" : content, sessionStorage);
  }, [place, state, content]);

  async function send(action: Action): Promise<void> {
    const fault = faultOf(action, content);
    setMissing(fault === "missing");
    if (fault !== null) return;
    setState("sending");
    setError(null);
    try {
      await bodyOf(
        api.POST("/api/v1/panels/{panel_id}/human-input", {
          params: { path: { panel_id: panelId } },
          body: {
            checkpoint_id: request.checkpoint_id,
            action,
            content,
            ...(stance === null ? {} : { stance }),
            ...(option === null ? {} : { option }),
          },
        }),
      );
      setState("sent");
    } catch (failure) {
      setError(failure);
      setState("open");
    }
  }

  return (
    <section className="card checkpoint" aria-labelledby={`${id}-title`}>
      <div className="checkpoint-asks">
        <h2 id={`${id}-title`}>{mayAnswer ? text.human.title : text.human.titleOther}</h2>
        <div className="checkpoint-question prose">{render(request.question)}</div>
        <p className="hint">{text.human.until(moment(request.deadline_at))}</p>
      </div>
      {!mayAnswer && <p className="note">{text.human.notYours}</p>}
      {state === "sent" && (
        <p className="note good" role="status">
          {text.human.sent}
        </p>
      )}
      {mayAnswer && state !== "sent" && (
        <div className="checkpoint-answer">
          <label className="field">
            <span>{request.kind === "input" ? text.human.content : text.human.contentOptional}</span>
            <textarea
              rows={5}
              value={content}
              aria-invalid={trouble !== ""}
              aria-describedby={`${id}-missing`}
              onChange={(event) => setContent(event.target.value)}
            />
          </label>
          <div className="field-foot">
            <p className="trouble" id={`${id}-missing`} role="alert">
              {trouble}
            </p>
            {length > 0 && <Counter length={length} limit={LONGEST_ANSWER} />}
          </div>
          {request.kind === "input" && options.size > 0 && (
            <Choice
              legend={text.human.option}
              choices={[...options.keys()]}
              chosen={option}
              choose={setOption}
              told={(one) => options.get(one) ?? one}
            />
          )}
          {request.kind === "input" && options.size === 0 && (
            <Choice
              legend={text.human.stance}
              choices={STANCES}
              chosen={stance}
              choose={setStance}
              told={(one) => text.stances[one] ?? one}
            />
          )}
          {error !== null && <Trouble error={error} />}
          <div className="buttons">
            {request.actions.map((action, place) => (
              <button
                key={action}
                type="button"
                className={`button ${action === "veto" ? "danger apart" : place === 0 ? "primary" : ""}`}
                disabled={state === "sending"}
                onClick={() => (action === "veto" ? setVetoing(true) : void send(action))}
              >
                {text.human.actions[action] ?? action}
              </button>
            ))}
          </div>
          {request.kind === "input" && <p className="hint">{text.human.orEnd}</p>}
          {vetoing && (
            <Dialog title={text.human.vetoTitle} onClose={() => setVetoing(false)}>
              <p>{text.human.vetoConfirm}</p>
              <div className="buttons">
                <button type="button" className="button" onClick={() => setVetoing(false)}>
                  {text.cancel}
                </button>
                <button
                  type="button"
                  className="button danger"
                  onClick={() => {
                    setVetoing(false);
                    void send("veto");
                  }}
                >
                  {text.human.actions["veto"]}
                </button>
              </div>
            </Dialog>
          )}
        </div>
      )}
    </section>
  );
}

interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly choices: readonly T[];
  readonly chosen: T | null;
  readonly choose: (one: T | null) => void;
  readonly told: (one: T) => string;
}

/** A vote, which can be taken back. */
function Choice<T extends string>({ legend, choices, chosen, choose, told }: ChoiceProps<T>): ReactNode {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {[...choices, null].map((one) => (
        <label key={one} className="choice">
          <input type="radio" name={name} checked={chosen === one} onChange={() => choose(one)} />
          {one === null ? text.human.noStance : told(one)}
        </label>
      ))}
    </fieldset>
  );
}
