import { BridgeError, isBridgeError } from "../contract/errors.ts";
import type { NewTask } from "../contract/intake.ts";
import { type Principal, runOf, scopeOf } from "../contract/principal.ts";
import type { Engine } from "./engine.ts";

/** Nothing new fits into it; what is known by its key is still found. */
const noRoom: NewTask["quotas"] = [{ per: "owner", tasks: 0, bytes: 0 }];

/**
 * Accepts a task, unless it is one too many of an agent that uses the bridge: their count in all is limited,
 * and how many runs stand behind one another. Nobody else is bound, and a repeat is not one more.
 *
 * @throws BridgeError NOT_ALLOWED
 */
export async function withinRunLimits<R>(
  engine: Engine,
  of: { readonly principal: Principal; readonly task: NewTask },
  accept: (task: NewTask) => Promise<R>,
): Promise<R> {
  const { principal, task } = of;
  const refusal = await refusalOf(engine, principal);
  if (refusal === null) return await accept(task);
  try {
    return await accept({ ...task, quotas: noRoom });
  } catch (error) {
    throw isBridgeError(error, "QUOTA_EXCEEDED") ? refusal : error;
  }
}

const refused = (what: string): BridgeError => new BridgeError("NOT_ALLOWED", { what });

async function refusalOf(engine: Engine, principal: Principal): Promise<BridgeError | null> {
  if (principal.type !== "run") return null;
  const { runTasks, runDepth } = engine.limits;
  if ((await depthOf(engine, principal.taskId)) >= runDepth)
    return refused(`Starting tasks by runs that started one another, more than ${runDepth} deep,`);
  const page = { limit: runTasks, after: null };
  const { items } = await engine.store.queries.tasks({ scope: scopeOf(principal) }, page);
  return items.length < runTasks
    ? null
    : refused(`Starting more than ${runTasks} tasks by one run`);
}

/** How many runs led to this task, as far as the limit: 0 for one that no run has started. */
async function depthOf(engine: Engine, taskId: string): Promise<number> {
  let depth = 0;
  for (let id: string | null = taskId; depth < engine.limits.runDepth; depth++) {
    const task = await engine.store.queries.task(id, { all: true });
    id = task === undefined ? null : runOf(task.owner);
    if (id === null) return depth;
  }
  return depth;
}
