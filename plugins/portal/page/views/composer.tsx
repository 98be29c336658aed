import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { State } from "../state/state.ts";
import { usePortal } from "./use-portal.ts";

/** What is written and not sent yet outlives a reload. */
export interface DraftPlace {
  readonly initial: string;
  readonly note: (text: string) => void;
}

/** The place to write: Enter sends, Shift and Enter begin a line. */
export function Composer({
  state,
  draft,
  onSend,
}: {
  readonly state: State;
  readonly draft: DraftPlace;
  readonly onSend: (text: string) => void;
}) {
  const [text, setText] = useState(draft.initial);
  const field = useRef<HTMLTextAreaElement>(null);
  const { conversationId } = state.chat;
  useEffect(() => {
    if (matchMedia("(min-width: 48rem)").matches) field.current?.focus();
  }, [conversationId]);
  const set = (value: string): void => {
    setText(value);
    draft.note(value);
  };
  const bytes = new TextEncoder().encode(text).length;
  const isTooLong = bytes > state.messageBytes - 1_024;
  const send = (): void => {
    if (text.trim() === "" || isTooLong) return;
    onSend(text);
    set("");
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-box">
        <MessageField text={text} field={field} onText={set} onSend={send} />
        <div class="composer-row">
          <RunnerChoice state={state} />
          <span id="message-hint" class={isTooLong ? "hint trouble" : "hint quiet"}>
            {isTooLong
              ? `Too long by ${bytes - state.messageBytes + 1_024} bytes`
              : "Enter sends · Shift+Enter makes a new line"}
          </span>
          <button type="submit" class="button primary" disabled={text.trim() === "" || isTooLong}>
            Send
          </button>
        </div>
      </div>
    </form>
  );
}

/** A field that grows with its text, up to a part of the window. */
function MessageField({
  text,
  field,
  onText,
  onSend,
}: {
  readonly text: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onText: (text: string) => void;
  readonly onSend: () => void;
}) {
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, innerHeight * 0.4)}px`;
  }, [text, field]);
  return (
    <>
      <label class="unseen" for="message">
        Your message
      </label>
      <textarea
        ref={field}
        id="message"
        rows={1}
        placeholder="Write to the agent"
        value={text}
        aria-describedby="message-hint"
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onSend();
        }}
      />
    </>
  );
}

/** Which agent a message goes to, where there is a choice. */
function RunnerChoice({ state }: { readonly state: State }) {
  const portal = usePortal();
  const { runners, runner } = state;
  if (runners.length < 2) return <span class="quiet runner-name">{runners[0]?.name ?? ""}</span>;
  return (
    <select
      aria-label="Agent"
      value={runner ?? ""}
      onChange={(event) => portal.chooseRunner(event.currentTarget.value || null)}
    >
      <option value="">Default agent</option>
      {runners.map(({ name, ready }) => (
        <option key={name} value={name}>
          {ready === false ? `${name} (not ready)` : name}
        </option>
      ))}
    </select>
  );
}
