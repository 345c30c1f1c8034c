import type { ReactNode } from "react";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { lastVote } from "./ballots";
import { hasEnded, type PanelState, type Turn } from "./fold";
import { Vote } from "./vote";

/** Who sits on the panel, what each is doing now, and where each stands. */
export function Seats({ panel }: { readonly panel: PanelState }): ReactNode {
  const round = panel.rounds.at(-1);
  return (
    <section className="card seats" aria-labelledby="seats">
      <h2 id="seats">{text.panel.seats}</h2>
      <ul>
        {panel.seats.map((seat) => {
          const turn = round?.turns.findLast((one) => one.seat === seat.seat);
          const vote = lastVote(panel, seat.seat);
          return (
            <li
              key={seat.seat}
              className={`seat ${hasEnded(panel) ? "" : `phase-${turn?.phase ?? "waiting"}`}`}
            >
              <Avatar name={seat.agent_name} seat={seat.seat} />
              <div>
                <p className="seat-name">{seat.agent_name}</p>
                <p className="hint">
                  {hasEnded(panel) || !turn
                    ? seat.role === "expert"
                      ? (seat.reason ?? text.roles["expert"])
                      : text.roles[seat.role ?? "expert"]
                    : phaseOf(turn)}
                </p>
              </div>
              {vote !== null && <Vote turn={vote} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function phaseOf(turn: Turn): string {
  return text.panel.phases[turn.phase] ?? turn.phase;
}
