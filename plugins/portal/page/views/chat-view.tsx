import { useEffect, useRef, useState } from "preact/hooks";
import { outgoingHere } from "../state/chat-updates.ts";
import { titleOf } from "../state/conversation-title.ts";
import type { State } from "../state/state.ts";
import { isOver } from "../state/wire.ts";
import { Composer, type DraftPlace } from "./composer.tsx";
import { ConversationDrawer, ConversationList } from "./conversation-list.tsx";
import { OutgoingView } from "./outgoing-view.tsx";
import { TurnView } from "./turn-view.tsx";
import { usePortal } from "./use-portal.ts";
import { useStick } from "./use-stick.ts";

/** The conversations, and the open one: its messages, what the agent does, and the place to write. */
export function ChatView({ state, draft }: { readonly state: State; readonly draft: DraftPlace }) {
  const { chat, conversations, lastPrompts } = state;
  const portal = usePortal();
  const heading = useRef<HTMLHeadingElement>(null);
  const conversation = conversations.find(({ id }) => id === chat.conversationId);
  const title =
    chat.conversationId === null
      ? "New conversation"
      : conversation === undefined
        ? "Conversation"
        : titleOf(conversation, lastPrompts.get(conversation.id));
  useEffect(() => {
    document.title = `${title} · agent-bridge`;
  }, [title]);
  return (
    <div class="chat-view">
      <aside class="side" aria-label="Conversations">
        <ConversationList state={state} />
      </aside>
      <main class="chat" aria-labelledby="chat-title">
        <div class="chat-head">
          <ConversationDrawer state={state} />
          <h1 id="chat-title" ref={heading} tabIndex={-1}>
            {title}
          </h1>
        </div>
        <Feed state={state} />
        {conversation === undefined || conversation.channel === null ? (
          <Composer
            key="composer"
            state={state}
            draft={draft}
            onSend={(text) => portal.outbox.send(text)}
          />
        ) : (
          <p class="composer-note quiet">
            This conversation belongs to the channel {conversation.channel}: its messages come from
            there.
          </p>
        )}
      </main>
    </div>
  );
}

function Feed({ state }: { readonly state: State }) {
  const { chat, turns } = state;
  const portal = usePortal();
  const outgoing = outgoingHere(state);
  const { scroller, content, isAtEnd, toEnd } = useStick(chat.conversationId ?? "new");
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    // Whoever writes wants to see what becomes of it.
    if (outgoing.length > asked) toEnd();
    setAsked(outgoing.length);
  }, [outgoing.length, asked, toEnd]);
  const shown = chat.taskIds.flatMap((id) => turns.get(id) ?? []);
  const firstOpen = shown.findIndex(({ task }) => !isOver(task.status));
  return (
    <div class="feed-frame">
      <div class="feed" ref={scroller} tabIndex={0} role="region" aria-label="Messages">
        <div class="feed-content" ref={content}>
          {chat.earlier !== null && (
            <button
              type="button"
              class="button small earlier"
              onClick={() => void portal.loadEarlier()}
            >
              Show earlier messages
            </button>
          )}
          {chat.trouble !== null && (
            <p class="trouble" role="alert">
              {chat.trouble}
            </p>
          )}
          {chat.isLoading && <p class="quiet loading">Reading the conversation…</p>}
          {shown.map((turn, place) => (
            <TurnView
              key={turn.task.id}
              turn={turn}
              isQueued={turn.task.status === "pending" && firstOpen !== -1 && place > firstOpen}
              isLast={place === shown.length - 1}
            />
          ))}
          {outgoing.map((message) => (
            <OutgoingView
              key={message.key}
              message={message}
              isConnected={state.link.phase === "open"}
            />
          ))}
          {shown.length === 0 && outgoing.length === 0 && !chat.isLoading && (
            <Welcome state={state} />
          )}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" class="button small to-end" onClick={toEnd}>
          Newest ↓
        </button>
      )}
    </div>
  );
}

function Welcome({ state }: { readonly state: State }) {
  const isReady = state.link.phase === "open";
  return (
    <div class="welcome">
      <p class="welcome-line">What should the agent do?</p>
      <p class="quiet">
        {isReady && state.runners.length === 0
          ? "No route lets you chat with an agent. Add one for the kind portal.chat to the configuration."
          : "It works on, also when you close this page. Come back any time to see how far it is."}
      </p>
    </div>
  );
}
