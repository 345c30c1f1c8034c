import { afterEach, describe, expect, test, vi } from "vitest";
import { type Access, authorized, bodyOf, connect, only } from "./client";
import { Problem } from "./problem";

const CANCELLED = "/api/v1/panels/{panel_id}/cancel";

/** A session whose next token is `next`; a gateway that takes only the tokens of `good`. */
function scene(next: string | null, ...good: string[]) {
  const asked: string[] = [];
  const signedOut = vi.fn();
  const renew = vi.fn((_refused: string) => Promise.resolve(next));
  const access: Access = {
    credentials: () => ({ token: "old", tenant: "x" }),
    renew,
    onSignedOut: signedOut,
  };
  vi.stubGlobal("fetch", async (request: Request) => {
    const token = request.headers.get("Authorization") ?? "";
    asked.push(`${token} ${request.headers.get("X-Tenant-ID")} ${await request.text()}`);
    return good.includes(token.slice("Bearer ".length))
      ? Response.json({ id: "p" })
      : Response.json({ title: "Unauthorized" }, { status: 401 });
  });
  const Absolute = class extends Request {
    constructor(url: string, init: RequestInit) {
      super(new URL(url, "http://gateway.example"), init);
    }
  };
  vi.stubGlobal("Request", Absolute);
  const cancel = () =>
    bodyOf(
      connect(access).POST(CANCELLED, { params: { path: { panel_id: "p" } }, body: { reason: "enough" } }),
    );
  return { asked, signedOut, renew, cancel };
}

describe("a request", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("whose token has run out is repeated whole with the next one, and nobody is signed out", async () => {
    const { asked, signedOut, renew, cancel } = scene("new", "new");
    expect(await cancel()).toEqual({ id: "p" });
    expect(asked).toEqual(['Bearer old x {"reason":"enough"}', 'Bearer new x {"reason":"enough"}']);
    expect(renew).toHaveBeenCalledWith("old");
    expect(signedOut).not.toHaveBeenCalled();
  });

  test.each([
    [null, 1],
    ["new", 2],
  ])("ends the session where it is still refused: with the next token %s", async (next, times) => {
    const { asked, signedOut, cancel } = scene(next);
    await expect(cancel()).rejects.toMatchObject({ status: 401 });
    expect(asked).toHaveLength(times);
    expect(signedOut).toHaveBeenCalledOnce();
  });

  test("fails, and ends no session, where nobody can say whether there is a next token", async () => {
    const { signedOut, renew, cancel } = scene(null);
    renew.mockRejectedValue(new Problem(0, "unreachable", ""));
    await expect(cancel()).rejects.toMatchObject({ status: 0 });
    expect(signedOut).not.toHaveBeenCalled();
  });

  test("that reached nobody says so, and one that was given up stays so", async () => {
    const access = only({ token: "t", tenant: "x" });
    const gone = new DOMException("", "AbortError");
    await expect(authorized(access, () => Promise.reject(new TypeError("network")))).rejects.toMatchObject({
      status: 0,
      title: "unreachable",
    });
    await expect(authorized(access, () => Promise.reject(gone))).rejects.toBe(gone);
  });
});
