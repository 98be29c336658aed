/** How much of one owner, or in one conversation, may be open at once: a task that would go beyond it is refused. */
export interface Quota {
  /** Whose open tasks count: those of the task's owner, or those of its conversation, whoever wrote there. */
  readonly per: "owner" | "conversation";
  /** The most open tasks. */
  readonly tasks: number;
  /** The most bytes of their inputs, as JSON in UTF-8. */
  readonly bytes: number;
}

/** What of a quota stood in the way of a task. */
export interface QuotaExceeded {
  readonly per: Quota["per"];
  readonly of: "tasks" | "bytes";
  readonly limit: number;
}

const texts = {
  owner: { tasks: "open tasks of this sender", bytes: "bytes of this sender's open tasks" },
  conversation: {
    tasks: "open tasks in this conversation",
    bytes: "bytes of this conversation's open tasks",
  },
} as const satisfies Record<Quota["per"], Record<QuotaExceeded["of"], string>>;

/** What is limited, for people: "The limit of 100 … is reached." */
export const quotaText = ({ per, of }: QuotaExceeded): string => texts[per][of];
