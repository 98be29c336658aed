/** What a client's model is told of the server before anything else. */
export const instructions = [
  "Start work for other agents with task_start (or a tool named after the agent), with an idempotency_key, note task_id and conversation_id, go on with your own work, and wait with task_wait: a time-out there is normal, the task goes on.",
  "After a lost connection or in a new session find tasks with task_list and go on with task_resume, which wants task_id and conversation_id; task_events with the last next_cursor tells what you have missed.",
  "When a task is input_required, put its question to your user and answer with task_reply.",
].join(" ");
