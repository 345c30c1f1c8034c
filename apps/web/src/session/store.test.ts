import { expect, test } from "vitest";
import { continued, credentialsIn, isTenantId, ownerOf, subjectOf } from "./store";

const TENANT = "d6079553-da19-532d-87d2-0f20932a24cb";

test("a token is taken from the fragment only with a tenant beside it", () => {
  expect(credentialsIn(`#token=abc&tenant=${TENANT}`)).toEqual({ token: "abc", tenant: TENANT });
  for (const fragment of ["", "#", "#token=abc", `#tenant=${TENANT}`, "#token=abc&tenant=acme"]) {
    expect(credentialsIn(fragment)).toBeNull();
  }
});

test("a tenant id is a uuid", () => {
  expect(isTenantId(` ${TENANT} `)).toBe(true);
  expect(isTenantId("acme")).toBe(false);
});

test("what a token says of its user is read, and nothing from what is no token", () => {
  const payload = btoa(JSON.stringify({ sub: "u", email: "ä@b.example" }).replace("ä", "\\u00e4"));
  expect(subjectOf(`x.${payload}.y`)).toEqual({ id: "u", email: "ä@b.example" });
  expect(subjectOf("nonsense")).toEqual({ id: null, email: null });
});

const token = (sub: string, more = {}): string => `x.${btoa(JSON.stringify({ sub, ...more }))}.y`;

test("what a browser keeps is one user's in one tenant, whatever the token", () => {
  const mine = ownerOf({ token: token("u"), tenant: TENANT });
  expect(ownerOf({ token: token("u", { exp: 2 }), tenant: TENANT })).toBe(mine);
  expect(ownerOf({ token: token("v"), tenant: TENANT })).not.toBe(mine);
  expect(ownerOf({ token: token("u"), tenant: "other" })).not.toBe(mine);
});

test("a session goes on with a new token of its own user, and with nobody else's", () => {
  const alice = { token: token("alice", { exp: 1 }), tenant: TENANT };
  const next = token("alice", { exp: 2 });
  expect(continued(alice, next)).toEqual({ token: next, tenant: TENANT });
  expect(continued(alice, token("bob"))).toBeNull();
  expect(continued(null, next)).toBeNull();
});
