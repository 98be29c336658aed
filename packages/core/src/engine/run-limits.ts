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
  const { principal } = of;
  if (principal.type !== "run") return await accept(of.task);
  return await inTurn(principal.taskId, async () => {
    const refusal = await refusalOf(engine, principal.taskId);
    return await acceptUnless(refusal, of.task, accept);
  });
}

async function acceptUnless<R>(
  refusal: BridgeError | null,
  task: NewTask,
  accept: (task: NewTask) => Promise<R>,
): Promise<R> {
  if (refusal === null) return await accept(task);
  try {
    return await accept({ ...task, quotas: noRoom });
  } catch (error) {
    throw isBridgeError(error, "QUOTA_EXCEEDED") ? refusal : error;
  }
}

const refused = (what: string): BridgeError => new BridgeError("NOT_ALLOWED", { what });

/** The last start of each run that has one under way. Only the process that carries a run serves it. */
const underWay = new Map<string, Promise<unknown>>();

/** One start of a run after the other: two at once would count before either is stored. */
async function inTurn<R>(taskId: string, start: () => Promise<R>): Promise<R> {
  const before = underWay.get(taskId) ?? Promise.resolve();
  const started = before.then(start);
  // The next one goes on whatever became of this one, which tells its own caller.
  const over = started.then(
    () => undefined,
    () => undefined,
  );
  underWay.set(taskId, over);
  try {
    return await started;
  } finally {
    if (underWay.get(taskId) === over) underWay.delete(taskId);
  }
}

async function refusalOf(engine: Engine, taskId: string): Promise<BridgeError | null> {
  const { runTasks, runDepth } = engine.limits;
  if ((await depthOf(engine, taskId)) >= runDepth)
    return refused(`Starting tasks by runs that started one another, more than ${runDepth} deep,`);
  const page = { limit: runTasks, after: null };
  const { items } = await engine.store.queries.tasks(
    { scope: scopeOf({ type: "run", taskId }) },
    page,
  );
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
