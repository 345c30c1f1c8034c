/** Every word the interface says, by area: translate this folder and nothing else. */
import { ask } from "./ask";
import { common } from "./common";
import { experts } from "./experts";
import { names } from "./names";
import { panel } from "./panel";
import { panels } from "./panels";
import { result } from "./result";
import { session } from "./session";

export const text = {
  ...common,
  ...session,
  ...panels,
  ...ask,
  ...names,
  ...panel,
  ...result,
  ...experts,
};
