"use client";

import type { ReactNode } from "react";
import type { Credentials } from "@/api/client";
import { text } from "@/text";
import { type KnownTenant, knownTenants, ownerOf, subjectOf } from "./store";

/** What becomes of a link that signs in: who is signed in as somebody else, or elsewhere, is asked. */
export function handingOver(given: Credentials | null, now: Credentials | null): "none" | "take" | "ask" {
  if (given === null) return "none";
  return now === null || ownerOf(now) === ownerOf(given) ? "take" : "ask";
}

interface Props {
  /** Whom the link names: told by its token, which nobody has checked yet. */
  readonly given: Credentials;
  readonly now: Credentials;
  readonly tenants: readonly KnownTenant[];
  onTake(): void;
  onStay(): void;
}

/** Asks before a link replaces who is signed in. */
export function OfferPage({ given, now, tenants, onTake, onStay }: Props): ReactNode {
  const known = [...tenants, ...knownTenants()];
  const called = ({ token, tenant }: Credentials): readonly [string, string] => {
    const { email, id } = subjectOf(token);
    return [email ?? id ?? text.offer.unnamed, known.find((one) => one.id === tenant)?.name ?? tenant];
  };
  return (
    <main className="page narrow" id="content">
      <h1>{text.offer.title(...called(given))}</h1>
      <p className="lead">{text.offer.help(...called(now))}</p>
      <div className="buttons">
        <button type="button" className="button primary" onClick={onStay}>
          {text.offer.stay}
        </button>
        <button type="button" className="button" onClick={onTake}>
          {text.offer.take}
        </button>
      </div>
    </main>
  );
}
