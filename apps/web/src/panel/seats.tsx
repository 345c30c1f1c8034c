import type { ReactNode } from "react";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { lastVote } from "./ballots";
import { hasEnded, type PanelState, type Turn } from "./fold";
import { silenceOf } from "./silence";
import { Vote } from "./vote";

/** Who sits on the panel, what each is doing now, and where each stands. */
export function Seats({ panel }: { readonly panel: PanelState }): ReactNode {
  const round = panel.rounds.at(-1);
  const ended = hasEnded(panel);
  return (
    <section className="card seats" aria-labelledby="seats">
      <h2 id="seats">{text.panel.seats}</h2>
      <ul>
        {panel.seats.map((seat) => {
          const turn = round?.turns.findLast((one) => one.seat === seat.seat);
          const vote = lastVote(panel, seat.seat);
          const silence = ended ? silenceOf(panel, seat.seat) : null;
          const state = ended ? (silence === null ? "" : "silent") : `phase-${turn?.phase ?? "waiting"}`;
          return (
            <li key={seat.seat} className={`seat ${state}`}>
              <Avatar name={seat.agent_name} seat={seat.seat} />
              <div>
                <p className="seat-name">{seat.agent_name}</p>
                <p className="hint">{silence ?? (ended || !turn ? partOf(seat) : phaseOf(turn))}</p>
              </div>
              {vote !== null && <Vote turn={vote} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Why this expert sits there, or on which side. */
function partOf(seat: PanelState["seats"][number]): string | undefined {
  const role = seat.role ?? "expert";
  return (role === "expert" ? seat.reason : null) ?? text.roles[role];
}

function phaseOf(turn: Turn): string {
  return text.panel.phases[turn.phase] ?? turn.phase;
}
