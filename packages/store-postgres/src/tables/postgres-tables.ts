import type {
  BudgetRow,
  BudgetTable,
  LeaseRow,
  LeaseTable,
  QuestionRow,
  QuestionTable,
  SpaceTable,
  Tables,
} from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import { numberIn } from "../view/mirror.ts";
import { need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { budgetName } from "./plain-rows.ts";
import { postgresConversations } from "./postgres-conversations.ts";
import { postgresDeadLetters } from "./postgres-dead-letters.ts";
import { postgresEvents } from "./postgres-events.ts";
import { postgresMessages } from "./postgres-messages.ts";
import { postgresOutbox } from "./postgres-outbox.ts";
import { postgresTasks } from "./postgres-tasks.ts";
import type { Viewed } from "./viewed.ts";

const questionNeeds = {
  byId: need("question by id", {
    keys: ["id"],
    select: "question.body",
    from: "JOIN question ON question.id = key.id",
  }),
  ofTask: need("question task", {
    keys: ["task"],
    select: "question.body",
    from: "JOIN question ON question.task = key.task",
  }),
  open: need("question count", {
    keys: ["whole"],
    select: "(SELECT count(*) FROM question WHERE is_open) AS count",
    from: "",
  }),
} as const;

const isOpen = ({ question }: QuestionRow): number => (question.state === "open" ? 1 : 0);

function postgresQuestions(viewed: Viewed): QuestionTable {
  const ofTask = (taskId: string): readonly QuestionRow[] => {
    const { questions, facts } = viewed.view;
    const fact = facts.of(questionNeeds.ofTask, exact(taskId));
    return questions.rows(fact, ({ question }) => question.taskId === taskId);
  };
  return {
    find: (id) => {
      const { questions, facts } = viewed.view;
      const fact = facts.of(questionNeeds.byId, exact(id));
      return questions.row(fact, ({ question }) => question.id === id);
    },
    insert: (row) => {
      const inserted = { ...row, order: viewed.view.nextOrder() };
      viewed.view.questions.set(inserted);
      return inserted;
    },
    update: (row) => viewed.view.questions.set(row),
    ofTask,
    removeOf: (taskId) => {
      for (const row of ofTask(taskId)) viewed.view.questions.remove(row);
    },
    countOpen: () => {
      const { questions, facts } = viewed.view;
      return questions.count(facts.of(questionNeeds.open, ""), "count", isOpen);
    },
  };
}

const leaseNeeds = {
  byName: need("lease by name", {
    keys: ["name"],
    select: "lease.body",
    from: "JOIN lease ON lease.name = key.name",
  }),
  ofNode: need("lease node", {
    keys: ["node"],
    select: "lease.body",
    from: "JOIN lease ON lease.node = key.node",
  }),
} as const;

function leaseIn({ facts, leases }: View, name: string): LeaseRow | undefined {
  return leases.row(facts.of(leaseNeeds.byName, exact(name)), (row) => row.name === name);
}

function postgresLeases(viewed: Viewed): LeaseTable {
  return {
    find: (name) => leaseIn(viewed.view, name),
    save: (row) => {
      // Whether it replaces another has to be known.
      leaseIn(viewed.view, row.name);
      viewed.view.leases.set(row);
    },
    remove: (name) => {
      const row = leaseIn(viewed.view, name);
      if (row !== undefined) viewed.view.leases.remove(row);
    },
    ofNode: (node) => {
      const { leases, facts } = viewed.view;
      const fact = facts.of(leaseNeeds.ofNode, exact(node));
      return leases.rows(fact, ({ worker }) => worker.node === node);
    },
  };
}

/** How many parts one tidying removes: enough to keep up with what is added. */
const tidiedAtOnce = 100;

const budgetNeeds = {
  byName: need("budget by name", {
    keys: ["name"],
    select: "budget.body",
    from: "JOIN budget ON budget.name = key.name",
  }),
  parts: need("budget parts", {
    keys: ["key"],
    select: "budget.body",
    from: "JOIN budget ON budget.key = key.key",
  }),
  oldest: need("budget oldest", {
    keys: ["whole"],
    select: "budget.body",
    from: `CROSS JOIN (SELECT * FROM budget ORDER BY until LIMIT ${tidiedAtOnce}) budget`,
  }),
} as const;

function postgresBudgets(viewed: Viewed): BudgetTable {
  return {
    add: (row) => {
      const { budgets, facts } = viewed.view;
      const name = budgetName(row);
      const fact = facts.of(budgetNeeds.byName, name);
      const known = budgets.row(fact, (one) => budgetName(one) === name);
      const { turns = 0, tokens = 0, workMs = 0 } = known ?? {};
      budgets.set({
        ...row,
        turns: row.turns + turns,
        tokens: row.tokens + tokens,
        workMs: row.workMs + workMs,
      });
    },
    parts: (key, time) => {
      const { budgets, facts } = viewed.view;
      const counts = (row: BudgetRow): boolean => row.key === key && row.until > time;
      return budgets.rows(facts.of(budgetNeeds.parts, digest(key)), counts);
    },
    tidy: (time) => {
      const { budgets, facts } = viewed.view;
      for (const row of budgets.rows(
        facts.of(budgetNeeds.oldest, ""),
        ({ until }) => until <= time,
      ))
        budgets.remove(row);
    },
  };
}

const relations = need("relations", {
  keys: ["whole"],
  select: "size.bytes",
  from: `CROSS JOIN (SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
    WHERE relnamespace = to_regnamespace(current_schema()) AND relkind = 'r') size`,
});

/** The room that the rows take. PostgreSQL compresses what is large, so its own figure may be the smaller one. */
function postgresSpace(viewed: Viewed): SpaceTable {
  const usedBytes = (): number => viewed.view.bytes;
  return {
    usedBytes,
    totalBytes: () => {
      const fact = viewed.view.facts.of(relations, "");
      return Math.max(usedBytes(), fact === undefined ? 0 : numberIn(fact, "bytes"));
    },
  };
}

/** All tables, over the view that stands there. */
export function postgresTables(viewed: Viewed): Tables {
  return {
    tasks: postgresTasks(viewed),
    events: postgresEvents(viewed),
    conversations: postgresConversations(viewed),
    messages: postgresMessages(viewed),
    questions: postgresQuestions(viewed),
    outbox: postgresOutbox(viewed),
    deadLetters: postgresDeadLetters(viewed),
    leases: postgresLeases(viewed),
    budgets: postgresBudgets(viewed),
    space: postgresSpace(viewed),
  };
}
