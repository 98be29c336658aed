/** What each key of the configuration is: shown by editors, and by `docs/configuration.md`, which a test holds equal. */
export const keyDescriptions: Readonly<Record<string, string>> = {
  $schema: "For editors: what `agent-bridge config schema` printed. Not read by the bridge.",
  plugins:
    "From a package's name, or a path that begins with `/` or `./`, to the plugin's own options. A text in them may be a secret's reference.",
  routes:
    "Who may send what to which runner. The first route that matches counts; an empty list is nobody.",
  limits: "How much at once, how large, how long.",
  store: "Where tasks are kept. Takes effect at the next start.",
  retention:
    "How long what is over is kept. What is open, or waits for a reply or an acknowledgement, is never removed.",
  log: "What the daemon logs, in `daemon.log` of the state folder. Takes effect at the next start.",
  daemon: "The process of the daemon. Takes effect at the next start.",
  http: "HTTP on this machine, for MCP clients with a token and for the pages of plugins. Off unless it is there. Takes effect at the next start.",
  "routes[].kind": "The kind of message: `prompt`, or one that a plugin declares.",
  "routes[].from":
    'The senders that are let in: a list of names, or `"*"` for everyone. An empty list is nobody.',
  "routes[].runner": "The runner that works on it.",
  "routes[].options":
    "The runner's own options, checked by its schema; `agent-bridge config schema` has them.",
  "routes[].recover":
    'After a crash in mid-turn: `"resume"` goes on in the stored session, `"interrupt"` ends the task as interrupted.',
  "routes[].unknownReply":
    'A reply that may have arrived, on a channel that shows repeats: `"repeat"` sends it again, `"drop"` does not.',
  "routes[].deadLetters":
    'Whether a person is told that their message was put aside: `"silent"` or `"tell"`. Agents never are.',
  "routes[].quotas": "In place of `limits.quotas`, for what this route accepts.",
  "routes[].quotas.principalTasks": "Open tasks of one sender.",
  "routes[].quotas.principalBytes": "The bytes of their inputs.",
  "routes[].quotas.conversationTasks": "Open tasks in one conversation.",
  "routes[].quotas.conversationBytes": "The bytes of their inputs.",
  "routes[].turn": "Time limits of a turn, before the runner's own and those of `limits.turn`.",
  "routes[].turn.startMs": "Milliseconds until the first event.",
  "routes[].turn.idleMs": "Milliseconds between two events; stands still while a question is open.",
  "routes[].turn.totalMs": "Milliseconds of the whole turn.",
  "routes[].turn.graceMs": "Milliseconds between the request to stop and giving the runner up.",
  "routes[].budget":
    "What the turns of this route may use; at least one of `turns`, `tokens` and `minutes`. A task that finds it used up fails as `budget`, and its sender is told.",
  "routes[].budget.per":
    'What has a budget of its own: the `"route"`, each `"sender"`, or each `"conversation"`.',
  "routes[].budget.windowHours": "The last hours that are counted, at most 8,784 (a year).",
  "routes[].budget.turns": "Turns that begin.",
  "routes[].budget.tokens": "Tokens of input and output; a turn that goes beyond is ended.",
  "routes[].budget.minutes":
    "Minutes of work, without the wait for answers; a turn that goes beyond is ended.",
  "routes[].budget.name":
    "Routes whose budgets have one name and window share it. By default the route's kind, senders and runner.",
  "limits.concurrency": "Tasks that run at once.",
  "limits.replyMs": "Milliseconds that a reply is tried before it is a dead letter.",
  "limits.hops":
    "Turns with one agent before a person must write; the next message is a dead letter `hop_limit`.",
  "limits.hopQuietMs": "Milliseconds without a turn, after which these are counted anew.",
  "limits.messageBytes": "The largest message.",
  "limits.messageDepth": "How deep the JSON of a message may go.",
  "limits.answerBytes": "The largest answer that is kept whole.",
  "limits.logBytes":
    "What the log of one task may take; beyond it only what a reader can not do without is recorded.",
  "limits.leaseMs":
    "Milliseconds that a claim holds without renewal. Renewed at a third; at two thirds without success the runner is ended.",
  "limits.questionMs": 'Milliseconds that a question waits before it is a "no".',
  "limits.waitMs": "Milliseconds that a poll may wait on the platform's side.",
  "limits.crashes": "Crashes after which a task fails as `crash_loop`.",
  "limits.runTasks": "Tasks that one run may start in all, where it may use the bridge.",
  "limits.runDepth":
    "How many runs may stand behind one another: a run of the last of them starts no task.",
  "limits.turn": "Time limits of every turn; a runner or a route may have others.",
  "limits.turn.startMs": "Milliseconds until the first event.",
  "limits.turn.idleMs": "Milliseconds between two events; stands still while a question is open.",
  "limits.turn.totalMs": "Milliseconds of the whole turn.",
  "limits.turn.graceMs": "Milliseconds between the request to stop and giving the runner up.",
  "limits.quotas":
    "What one sender and one conversation may have open, and how fast messages are taken. The operator is not bound.",
  "limits.quotas.principalTasks": "Open tasks of one client, run, or sender at a channel.",
  "limits.quotas.principalBytes": "The bytes of their inputs, as JSON.",
  "limits.quotas.conversationTasks": "Open tasks in one conversation, whoever wrote there.",
  "limits.quotas.conversationBytes": "The bytes of their inputs, as JSON.",
  "limits.quotas.messages":
    "New messages that one sender may send, or one channel bring, in each window; counted by each process for itself.",
  "limits.quotas.windowMs": "Milliseconds of that window.",
  "store.type":
    '`"sqlite"`: one file in the state folder. `"memory"`: ends with the process, and `up` takes it only with `--ephemeral`.',
  "retention.days": "Days that ended tasks with their logs and answers are kept. `null`: for ever.",
  "retention.maxBytes":
    "When the store uses more, the tasks that ended first go earlier, but none of the last hour; at least 16 MiB. `null`: as much as the disk has.",
  "retention.keyDays":
    "Days that a message or an idempotency key is known after its task was removed, so that a repeat runs nothing. Longer than any platform redelivers and any caller tries again.",
  "retention.deadLetterDays":
    "Days that dead letters are kept, with the tasks whose replies they are. `null`: for ever.",
  "retention.deadLetters": "The most dead letters: the oldest go.",
  "retention.deadLetterBytes": "The most bytes of them, at least 1 MiB: the oldest go.",
  "retention.conversationDays":
    "Days that conversations without tasks are kept, with the agents' sessions, from when somebody last wrote there. `null`: for ever.",
  "log.level": 'Lines below it are left out: `"debug"`, `"info"`, `"warn"` or `"error"`.',
  "log.maxBytes": "A file that would grow larger is put aside; at least 64 KiB.",
  "log.files": "How many files there are at most, the one in use among them.",
  "daemon.idleMinutes":
    "A daemon that was started on demand ends when for so long there was no caller, no channel, no open task and no reply on its way. One that `up` started stays.",
  "daemon.env":
    "Variables of a daemon that no person's shell starts, from names to texts, beside a plain `PATH` and who the user is. No secrets: a plugin's options refer to those.",
  "http.host": 'Where it listens, on this machine only: `"127.0.0.1"` or `"::1"`.',
  "http.port": "The port. 0: any that is free.",
  "http.tokens":
    "Who may come with a token. With none, only a page does, with a session that the operator opened.",
  "http.tokens[].name":
    "The name of the client that whoever sends the token is, as the `from` of routes has it.",
  "http.tokens[].sha256": "The SHA-256 of the token, in hexadecimal. This, or `secret`.",
  "http.tokens[].secret": "The token itself, by reference.",
  "http.tokens[].secret.$env": "The variable of the daemon's environment that holds it.",
  "http.tokens[].secret.$file": "The file that holds it.",
  "http.hosts":
    "More names under which it may be called, beside those of this machine: those of a proxy before it.",
  "http.origins": "More sites whose pages may call, by host name, beside those of this machine.",
};
